import { expect } from "chai";
import express from "express";
import expressSession from "express-session";
import { currentUser, encodeCookie, loginRequired, type StoredRecord } from "latchkey";
import sinon from "sinon";
import { Browser } from "../support/browser.js";
import { people } from "../support/people.js";
import { only, send, sidIn } from "../support/raw-client.js";
import { storedBrowsers } from "../support/records.js";
import { serve } from "../support/server.js";
import { type Me, site } from "../support/site.js";
import { WatchedStore } from "../support/watched-store.js";

const OLD = "the secret of last year, 32 characters or more";
const NEW = "the secret of this year, 32 characters or more";
const DAY = 24 * 60 * 60 * 1000;

/** The secrets of each deployment. Two successive deployments run at the same time for a while. */
const ROTATION = [[OLD], [OLD, NEW], [NEW, OLD], [NEW]];

type Mode = "persistent" | "stateless";

/** A store that sites with different secrets share. */
function deployments(mode: Mode = "persistent", { refreshEachRequest = false, hasStamps = true } = {}) {
  const store = new WatchedStore();
  const { ann, load } = people();
  return {
    store,
    async deploy(secret: readonly string[]) {
      const at = site({ secret, store, userLoader: load, remember: { mode, refreshEachRequest } });
      if (!hasStamps) for (const one of [ann, at.ann]) Object.assign(one, { getSessionStamp: undefined });
      at.app.post("/keep", (req, res) => {
        req.session.cookie.maxAge = 3 * DAY;
        req.session.note = "kept";
        res.send("ok");
      });
      at.app.get("/shared", loginRequired(), (_req, res) => {
        res.set("Cache-Control", "public, max-age=600").send("for all");
      });
      at.app.get("/private", (_req, res) => void res.set("Cache-Control", "no-store").send("for one"));
      return serve(at.app);
    },
  };
}

/** The name, the name-value pair and the sorted attributes of a `Set-Cookie` header. */
function parsed(set: string) {
  const [pair, ...attributes] = set.split("; ") as [string, ...string[]];
  return { name: pair.split("=")[0], pair, attributes: attributes.sort() };
}

describe("the rotation of secrets", () => {
  let clock: sinon.SinonFakeTimers;
  beforeEach(() => {
    clock = sinon.useFakeTimers({ now: 1_800_000_000_000, toFake: ["Date"] });
  });
  afterEach(() => sinon.restore());

  for (const mode of ["persistent", "stateless"] as const) {
    it(`logs nobody out if sites change one by one, with sessions or ${mode} remember cookies`, async () => {
      const { deploy } = deployments(mode);
      const origins = await Promise.all(ROTATION.map(deploy));
      const visitors = Array.from({ length: 12 }, () => new Browser(origins[0]!, { accept: "application/json" }));
      for (const visitor of visitors) await visitor.post("/login/1", { json: { remember: true } });
      let asked = 0;
      const at = async (origin: string, { jar, headers }: Browser) => {
        const browser = Object.assign(new Browser(origin, headers), { jar });
        const { status, text } = await browser.get("/me");
        expect(status, `request ${asked++}`).to.equal(200);
        return JSON.parse(text) as Me;
      };
      for (let stage = 1; stage < ROTATION.length; stage++) {
        const both = [origins[stage - 1]!, origins[stage]!];
        for (const [n, visitor] of visitors.entries()) {
          // Half of the visitors lose their session. All visitors use the two deployments in turn.
          if (n % 2) await visitor.jar.store.removeCookie("127.0.0.1", "/", "sid");
          expect((await at(both[n % 2]!, visitor)).remembered).to.equal(n % 2 === 1);
          for (let turn = 0; turn < 4; turn++) await at(both[(n + turn) % 2]!, visitor);
          await at(both[1]!, visitor);
        }
        clock.tick(61_000); // longer than the grace period of the tokens
      }
      for (const [n, visitor] of visitors.entries()) {
        await at(origins.at(-1)!, visitor);
        if (n % 2 === 0) continue; // an unused remember cookie is still signed with the removed secret
        await visitor.jar.store.removeCookie("127.0.0.1", "/", "sid");
        expect((await at(origins.at(-1)!, visitor)).remembered).to.equal(true);
      }
      expect(asked).to.equal(3 * 12 * 6 + 12 + 6);
    });
  }

  it("signs the session cookie and the stamp again once, with one write", async () => {
    const { store, deploy } = deployments();
    const [before, during, after] = await Promise.all([deploy([OLD]), deploy([NEW, OLD]), deploy([NEW])]);
    const first = await send(before, "POST /login/1");
    store.calls = [];
    const answer = await send(during, "GET /me", { cookie: first.cookie });
    expect(store.calls).to.deep.equal(["read", "update"]);
    expect(answer.headers["set-cookie"]).to.have.lengthOf(1);
    expect(answer.cookie).not.to.equal(first.cookie);
    expect(parsed(answer.headers["set-cookie"]![0]!).attributes).to.deep.equal(
      parsed(first.headers["set-cookie"]![0]!).attributes,
    );
    expect(answer.headers["cache-control"]).to.equal("private, no-store");
    store.calls = [];
    for (let time = 0; time < 5; time++) {
      const again = await send(during, "GET /me", { cookie: answer.cookie });
      expect(again.headers["set-cookie"]).to.equal(undefined);
    }
    expect(store.calls).to.deep.equal(Array(5).fill("read"));
    expect((await send(after, "GET /me", { cookie: answer.cookie })).status).to.equal(200);
    expect((await send(after, "GET /me", { cookie: first.cookie })).status).to.equal(401);
  });

  it("signs the cookie again only if the user is loaded, and keeps that response out of shared caches", async () => {
    const { deploy } = deployments();
    const [before, during] = await Promise.all([deploy([OLD]), deploy([NEW, OLD])]);
    const { cookie } = await send(before, "POST /login/1");
    for (const path of ["/public", "/note", "/private"]) {
      const { status, headers } = await send(during, `GET ${path}`, { cookie });
      expect([status, headers["set-cookie"]], path).to.deep.equal([200, undefined]);
    }
    const signed = await send(during, "GET /shared", { cookie });
    expect([signed.cookie.slice(0, 4), signed.headers["cache-control"]]).to.eql(["sid=", "private, max-age=600"]);
  });

  it("keeps the maxAge that the application set for the session cookie", async () => {
    const { deploy } = deployments();
    const [before, during] = await Promise.all([deploy([OLD]), deploy([NEW, OLD])]);
    const { cookie } = await send(before, "POST /login/1");
    const kept = (await send(before, "POST /keep", { cookie })).headers["set-cookie"]![0]!;
    const renewed = (await send(during, "GET /me", { cookie })).headers["set-cookie"]!;
    expect(renewed).to.have.lengthOf(1);
    expect(parsed(renewed[0]!).attributes).to.deep.equal(parsed(kept).attributes);
    expect(parsed(kept).attributes.join()).to.include(`Expires=${new Date(Date.now() + 3 * DAY).toUTCString()}`);
  });

  it("sends a cookie that a plain express-session with the new secret reads as the same session", async () => {
    const { deploy } = deployments();
    const [before, during] = await Promise.all([deploy([OLD]), deploy([NEW, OLD])]);
    const { cookie } = await send(before, "POST /login/1");
    const renewed = await send(during, "GET /me", { cookie });
    const asked: string[] = [];
    const plain = (secret: string) => {
      const store = new expressSession.MemoryStore();
      sinon.replace(store, "get", (sid, done) => {
        asked.push(`${secret === NEW ? "new" : "old"} ${sid}`);
        done(null, null);
      });
      const app = express();
      app.use(expressSession({ secret, name: "sid", store, resave: false, saveUninitialized: false }));
      app.get("/", (_req, res) => void res.end());
      return serve(app);
    };
    const [byNew, byOld] = await Promise.all([plain(NEW), plain(OLD)]);
    for (const origin of [byNew, byOld]) {
      for (const given of [cookie, renewed.cookie]) await send(origin, "GET /", { cookie: given });
    }
    const sid = sidIn(cookie);
    expect(asked).to.deep.equal([`new ${sid}`, `old ${sid}`]);
  });

  for (const mode of ["stateless", "persistent"] as const) {
    it(`signs a ${mode} remember cookie again when the cookie restores a login`, async () => {
      const { deploy } = deployments(mode);
      const [before, during, after] = await Promise.all([deploy([OLD]), deploy([NEW, OLD]), deploy([NEW])]);
      const login = await send(before, "POST /login/1", { json: { remember: true } });
      const old = only("remember", login.cookie);
      clock.tick(10 * DAY);
      expect((await send(after, "GET /me", { cookie: old })).status, "before the new signature").to.equal(401);
      const restored = await send(during, "GET /me", { cookie: old });
      expect(restored.status).to.equal(200);
      const ages = (set: string[] | undefined) => set!.filter((one) => one.startsWith("remember=")).map(parsed);
      const [given, ...more] = ages(restored.headers["set-cookie"]);
      expect(more).to.deep.equal([]);
      const without = (attributes: string[]) => attributes.filter((one) => !one.startsWith("Max-Age="));
      expect(without(given!.attributes), "with the same attributes").to.deep.equal(
        without(ages(login.headers["set-cookie"])[0]!.attributes),
      );
      clock.tick(61_000);
      const again = await send(after, "GET /me", { cookie: only("remember", restored.cookie) });
      expect(again.status).to.equal(200);
      if (mode === "stateless") expect(again.cookie).to.match(/^sid=[^;]+$/);
    });
  }

  it("signs a stateless remember cookie again if users have no stamps or each request renews the cookie", async () => {
    for (const options of [{ hasStamps: false }, { refreshEachRequest: true }]) {
      const { deploy } = deployments("stateless", options);
      const [before, during, after] = await Promise.all([deploy([OLD]), deploy([NEW, OLD]), deploy([NEW])]);
      const { cookie } = await send(before, "POST /login/1", { json: { remember: true } });
      const renewed = (await send(during, "GET /public", { cookie })).cookie || cookie;
      const restored = (await send(during, "GET /me", { cookie: only("remember", renewed) })).cookie;
      expect((await send(after, "GET /me", { cookie: only("remember", restored) })).status).to.equal(200);
    }
  });

  it("treats two remember tokens of one generation as the same token, even with different secrets", async () => {
    const [here, there] = [deployments(), deployments()];
    const { cookie } = await send(await here.deploy([OLD]), "POST /login/1", { json: { remember: true } });
    const [{ id, ...record }] = (await storedBrowsers(here.store.inner, "1")) as [StoredRecord];
    await there.store.inner.create(id, record);
    const restored = async (origin: string, given: string) => {
      const answer = await send(origin, "GET /me", { cookie: only("remember", given) });
      expect(answer.status).to.equal(200);
      const session = only("sid", answer.cookie);
      if (session) await send(origin, "POST /note/back", { cookie: session });
      return answer.cookie;
    };
    const origin = await here.deploy([NEW, OLD]);
    const lost = await restored(await there.deploy([OLD, NEW]), cookie);
    const won = await restored(origin, cookie);
    expect(only("remember", won)).not.to.equal(only("remember", lost));
    clock.tick(61_000);
    await restored(origin, won);
    await restored(origin, lost);
    clock.tick(61_000);
    expect((await send(origin, "GET /me", { cookie: only("remember", lost) })).status).to.equal(401);
  });

  it("lets a process that still signs with the old secret send a valid next remember token", async () => {
    const { deploy } = deployments("persistent", { hasStamps: false });
    const [before, during] = await Promise.all([deploy([OLD, NEW]), deploy([NEW, OLD])]);
    const login = await send(before, "POST /login/1", { json: { remember: true } });
    const cookie = only("remember", login.cookie);
    await send(during, "GET /me", { cookie });
    const late = await send(before, "GET /me", { cookie });
    expect(late.status).to.equal(200);
    clock.tick(61_000);
    const next = only("remember", late.cookie);
    expect((await send(during, "GET /me", { cookie: next })).status).to.equal(200);
  });

  it("keeps a login bound to its client after the secret that it began with is removed", async () => {
    const store = new WatchedStore();
    const at = async (secret: string[]) => {
      const { app, ann } = site({ secret, store, sessionProtection: "strong" });
      Object.assign(ann, { getSessionStamp: undefined });
      return serve(app);
    };
    const [before, during, after] = await Promise.all([at([OLD]), at([NEW, OLD]), at([NEW])]);
    const headers = { "user-agent": "Browser/1" };
    const login = await send(before, "POST /login/1", { headers });
    const visit = await send(during, "GET /me", { headers, cookie: login.cookie });
    const cookie = only("sid", visit.cookie);
    expect((await send(after, "GET /me", { headers, cookie })).status).to.equal(200);
    expect((await send(after, "GET /me", { headers: { "user-agent": "Browser/2" }, cookie })).status).to.equal(401);
  });

  it("rejects a cookie that was signed with a removed secret, like a forged cookie", async () => {
    const { store, deploy } = deployments("stateless");
    const [before, after] = await Promise.all([deploy([OLD]), deploy([NEW])]);
    const { cookie } = await send(before, "POST /login/1", { json: { remember: true } });
    store.calls = [];
    const session = await send(after, "GET /me", { cookie: only("sid", cookie) });
    expect([session.status, session.headers["set-cookie"], store.calls]).to.deep.equal([401, undefined, []]);
    const remembered = await send(after, "GET /me", { cookie: only("remember", cookie) });
    const forged = await send(after, "GET /me", { cookie: "remember=forged" });
    expect(remembered.status).to.equal(401);
    expect(remembered.headers["set-cookie"]).to.deep.equal(forged.headers["set-cookie"]);
    expect((await send(before, "GET /me", { cookie })).status, "the session still exists").to.equal(200);
  });

  for (const mode of ["stateless", "persistent"] as const) {
    it(`signs new cookies only with the first secret (${mode})`, async () => {
      const { deploy } = deployments(mode);
      const both = await deploy([NEW, OLD]);
      const [byNew, byOld] = await Promise.all([deploy([NEW]), deploy([OLD])]);
      const { cookie } = await send(both, "POST /login/1", { json: { remember: true } });
      for (const name of ["sid", "remember"]) {
        const one = only(name, cookie);
        expect((await send(byOld, "GET /me", { cookie: one })).status, `${name}, old`).to.equal(401);
        expect((await send(byNew, "GET /me", { cookie: one })).status, `${name}, new`).to.equal(200);
      }
      expect(encodeCookie("text", [NEW, OLD])).to.equal(encodeCookie("text", NEW));
    });
  }

  it("does not sign the cookie of the application's own express-session again", async () => {
    const store = new expressSession.MemoryStore();
    const { load } = people();
    const deploy = (secret: string[]) => {
      const own = expressSession({ secret, store, resave: false, saveUninitialized: false });
      return serve(site({ secret, userLoader: load }, (login, app) => void app.use(own, login.middleware())).app);
    };
    const [before, during] = await Promise.all([deploy([OLD]), deploy([NEW, OLD])]);
    const { cookie } = await send(before, "POST /login/1");
    for (let time = 0; time < 2; time++) {
      const { status, headers } = await send(during, "GET /me", { cookie });
      expect([status, headers["set-cookie"]]).to.deep.equal([200, undefined]);
    }
  });

  for (const verb of ["regenerate", "destroy"] as const) {
    it(`does not restore a session if session.${verb}() runs while the user is being loaded`, async () => {
      const { store, deploy } = deployments();
      const { cookie } = await send(await deploy([OLD]), "POST /login/1");
      const gate: { open?: () => void } = {};
      const { load } = people();
      const slow = async (id: string) => {
        await new Promise<void>((resolve) => {
          gate.open = resolve;
        });
        return load(id) ?? null;
      };
      const { app } = site({ secret: [NEW, OLD], store, userLoader: slow });
      app.get("/given-up", async (req, res) => {
        const loading = currentUser(req).then(
          () => "loaded",
          (error: Error) => error.message,
        );
        await req.session[verb]();
        if (verb === "regenerate") req.session.note = "new";
        gate.open!();
        const loaded = await loading;
        res.json([loaded, req.session?.auth ?? null]);
      });
      const answer = await send(await serve(app), "GET /given-up", { cookie: only("sid", cookie)! });
      expect(JSON.parse(answer.text)).to.eql(["loaded", null]);
    });
  }
});
