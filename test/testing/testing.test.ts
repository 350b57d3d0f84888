import { expect } from "chai";
import express from "express";
import {
  currentUser,
  freshLoginRequired,
  isFresh,
  isRemembered,
  LoginManager,
  loginRequired,
  MemoryStore,
  MiddlewareMissingError,
  UserIdError,
} from "latchkey";
import { externalLogins } from "latchkey/external-logins";
import { loginAs } from "latchkey/testing";
import request from "supertest";
import { type Person, people, SECRET } from "../support/people.js";
import { only } from "../support/raw-client.js";
import { endStoredSessions, storedSessions } from "../support/records.js";
import { serve } from "../support/server.js";

function loginApp(options: Partial<ConstructorParameters<typeof LoginManager<Person>>[0]> = {}) {
  const { load, ...persons } = people();
  const store = new MemoryStore();
  const login = new LoginManager<Person>({ secret: SECRET, userLoader: load, store, ...options });
  const app = express();
  login.init(app);
  app.get("/me", loginRequired(), async (req, res) => {
    const { name } = (await currentUser()) as Person;
    res.json({ name, fresh: await isFresh(req), remembered: await isRemembered(req) });
  });
  app.get("/fresh", freshLoginRequired(), (_req, res) => void res.send("fresh"));
  return { ...persons, app, login, store };
}

describe("loginAs", () => {
  it("returns a cookie that logs a user in with supertest", async () => {
    const { app, login, ann, bob } = loginApp();
    const me = async (cookie: string) => (await request(app).get("/me").set("Cookie", cookie).expect(200)).body;
    const [asAnn, asBob] = [await loginAs(login, ann), await loginAs(login, bob)];
    expect(await me(asAnn)).to.eql({ name: "Ann", fresh: true, remembered: false });
    expect(await me(asBob)).to.include({ name: "Bob" });
    await request(app).get("/fresh").set("Cookie", asAnn).expect(200, "fresh");
    await request(app).get("/me").expect(401);
  });

  it("returns a cookie that works with fetch and with any user agent", async () => {
    for (const sessionProtection of ["basic", "strong", false] as const) {
      const { app, login, ann } = loginApp({ sessionProtection });
      const origin = await serve(app);
      const cookie = await loginAs(login, ann);
      for (const agent of ["one", "another"]) {
        const answer = await fetch(`${origin}/fresh`, { headers: { cookie, "user-agent": agent } });
        expect(await answer.text(), `${sessionProtection}, ${agent}`).to.equal("fresh");
      }
    }
  });

  it("creates a login that is not fresh if fresh is false", async () => {
    const { app, login, ann } = loginApp();
    const cookie = await loginAs(login, ann, { fresh: false });
    const { body } = await request(app).get("/me").set("Cookie", cookie).expect(200);
    expect(body).to.eql({ name: "Ann", fresh: false, remembered: false });
    await request(app).get("/fresh").set("Cookie", cookie).expect(403);
  });

  it("creates a remembered login with a remember cookie that works without the session", async () => {
    const { app, login, ann, store } = loginApp();
    const cookie = await loginAs(login, ann, { remember: true });
    const me = async (value: string) => (await request(app).get("/me").set("Cookie", value).expect(200)).body;
    expect(await me(cookie)).to.eql({ name: "Ann", fresh: false, remembered: true });

    await endStoredSessions(store, "1");
    const remembered = cookie.split("; ").find((pair) => pair.startsWith("remember="))!;
    expect(await me(remembered)).to.eql({ name: "Ann", fresh: false, remembered: true });
    const both = await loginAs(login, ann, { remember: true, fresh: true });
    expect(await me(both)).to.eql({ name: "Ann", fresh: true, remembered: false });
  });

  it("signs with the first of several secrets, and uses the cookie names from the options", async () => {
    const names = { session: { name: "a" }, remember: { name: "b" } };
    const { app, login, ann } = loginApp({ secret: [SECRET, `${SECRET}, the old one`], ...names });
    const cookie = await loginAs(login, ann, { remember: true });
    expect(cookie).to.match(/^a=[^;]+; b=[^;]+$/);
    await request(app).get("/me").set("Cookie", cookie).expect(200);

    const rotated = loginApp({ secret: SECRET, ...names, store: login.options.store! });
    const old = loginApp({ secret: `${SECRET}, the old one`, ...names, store: login.options.store! });
    for (const one of cookie.split("; ")) {
      await request(rotated.app).get("/me").set("Cookie", one).expect(200);
      await request(old.app).get("/me").set("Cookie", one).expect(401);
    }
  });

  it("stores a session that is listed for the user, and that ends when the stamp changes", async () => {
    const { app, login, ann, store } = loginApp();
    const cookie = await loginAs(login, ann);
    const [kept] = await storedSessions(store, "1");
    expect(kept).to.include({ userId: "1" });
    expect(cookie).not.to.include(kept!.id);
    ann.stamp = "2";
    await request(app).get("/me").set("Cookie", cookie).expect(401);
    expect(await storedSessions(store, "1")).to.eql([]);
  });

  it("logs in an inactive user, but guards still refuse the user", async () => {
    const { app, login, cid } = loginApp();
    await request(app)
      .get("/me")
      .set("Cookie", await loginAs(login, cid))
      .expect(401);
  });

  it("gives the login a label, data and the ids of an identity provider, also in the remembered browser", async () => {
    const { app, login, ann } = loginApp({ externalLogins: externalLogins() });
    const external = { issuer: "https://provider.example", sub: "s1", sid: "a" };
    const details = { label: "Ann's laptop", data: { app: "web" } };
    const cookies = await loginAs(login, ann, { ...details, external, remember: true });
    await request(app).get("/me").set("Cookie", only("remember", cookies)).expect(200);
    const [listed] = await login.sessions.list(ann);
    expect(listed).to.deep.include(details);
    expect(await login.sessions.revokeExternal(external.issuer, { sid: "a" })).to.equal(1);
    await request(app).get("/me").set("Cookie", cookies).expect(401);
    for (const wrong of [{ label: "" }, { data: 1 }, { external: {} }]) {
      const error = await loginAs(login, ann, wrong as never).catch((reason) => reason);
      expect(error)
        .to.have.property("code")
        .that.matches(/^invalid_/);
    }
  });

  it("rejects if the manager is not mounted or the user has no valid id", async () => {
    const error = await loginAs(new LoginManager<Person>({ secret: SECRET }), people().ann).catch((reason) => reason);
    expect(error).to.be.instanceOf(MiddlewareMissingError).with.property("message").that.includes("login.init(app)");
    const { login } = loginApp();
    expect(await loginAs(login, {} as Person).catch((reason) => reason)).to.be.instanceOf(UserIdError);
    const odd = loginApp({ userId: () => "" });
    expect(await loginAs(odd.login, odd.ann).catch((reason) => reason)).to.be.instanceOf(UserIdError);
  });
});
