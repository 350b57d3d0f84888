import { once } from "node:events";
import { expect } from "chai";
import {
  freshLoginRequired,
  type LoginEventName,
  type LoginManagerOptions,
  loginRequired,
  roleRequired,
} from "latchkey";
import { loginAs } from "latchkey/testing";
import sinon from "sinon";
import { apiClient } from "./support/browser.js";
import type { Person } from "./support/people.js";
import { serve } from "./support/server.js";
import { site } from "./support/site.js";

const EVENTS: LoginEventName[] = [
  ...(["loggedIn", "loggedOut", "loadedFromCookie", "loadedFromRequest", "loginConfirmed", "unauthorized"] as const),
  ...([
    "needsRefresh",
    "userAccessed",
    "sessionProtected",
    "forbidden",
    "loginEnded",
    "storeFailed",
    "sessionGone",
  ] as const),
];

/** A site that records its events as `[name, path of the request, other details]`. */
async function watchedSite(options: Partial<LoginManagerOptions<Person>> = {}) {
  const made = site(options as object);
  const { app, login } = made;
  app.get("/fresh", freshLoginRequired({ within: "1h" }), (_req, res) => void res.end());
  app.get("/admin", roleRequired("admin"), (_req, res) => void res.end());
  app.get("/slow", loginRequired(), async (req, res) => {
    req.session.note = "late";
    app.emit("slow", req);
    await once(app, "go on");
    res.send("done");
  });
  let events: unknown[][] = [];
  for (const name of EVENTS) {
    login.on(name, (details) => {
      const { req, ...rest } = details as { req?: { path: string } };
      events.push([name, req?.path, rest]);
    });
  }
  const origin = await serve(app);
  return {
    ...made,
    client: apiClient(origin),
    /** A client in which this user is logged in. */
    async as(user: Person, how?: Parameters<typeof loginAs>[2]) {
      const client = apiClient(origin);
      client.headers.cookie = await loginAs(login, user, how);
      return client;
    },
    /** The events since the last call. */
    heard() {
      const heard = events;
      events = [];
      return heard;
    },
  };
}

describe("events", () => {
  afterEach(() => sinon.restore());

  it("report a login, a confirmation and a logout", async () => {
    const { client, ann, heard } = await watchedSite();
    await client.post("/login/1");
    expect(heard()).to.eql([["loggedIn", "/login/1", { user: ann }]]);
    await client.post("/confirm");
    expect(heard()).to.eql([
      ["userAccessed", "/confirm", {}],
      ["loginConfirmed", "/confirm", { user: ann }],
    ]);
    await client.post("/logout");
    expect(heard()).to.eql([
      ["userAccessed", "/logout", {}],
      ["loggedOut", "/logout", { userId: "1", user: ann }],
    ]);
  });

  it("report neither the refused login of an inactive user nor a logout without a login", async () => {
    const { client, heard } = await watchedSite();
    expect((await client.post("/login/3")).text).to.equal("false");
    await client.post("/logout");
    await client.get("/public");
    expect(heard()).to.eql([]);
  });

  it("report a logout without the user object when the user loader fails", async () => {
    const { as, ann, login, heard } = await watchedSite();
    const client = await as(ann);
    login.userLoader(() => Promise.reject(new Error("the database is not available")));
    expect((await client.post("/logout")).status).to.equal(200);
    expect(heard()).to.eql([
      ["userAccessed", "/logout", {}],
      ["loggedOut", "/logout", { userId: "1" }],
    ]);
  });

  it("report why a guard refused the request", async () => {
    const { as, client, ann, bob, heard } = await watchedSite();
    await client.get("/me");
    expect(heard()).to.eql([
      ["userAccessed", "/me", {}],
      ["unauthorized", "/me", {}],
    ]);
    await (await as(ann, { fresh: false })).get("/fresh");
    expect(heard()).to.eql([
      ["userAccessed", "/fresh", {}],
      ["needsRefresh", "/fresh", {}],
    ]);
    await (await as(bob)).get("/admin");
    expect(heard()).to.eql([
      ["userAccessed", "/admin", {}],
      ["forbidden", "/admin", { user: bob }],
    ]);
    await (await as(ann)).get("/admin");
    expect(heard()).to.eql([["userAccessed", "/admin", {}]]);
  });

  it("report a user who was loaded from the remember cookie or by the request loader", async () => {
    const { client, login, ann, bob, heard } = await watchedSite();
    await client.post("/login/1", { json: { remember: true } });
    await client.restart();
    heard();
    await client.get("/me");
    expect(heard()).to.eql([
      ["userAccessed", "/me", {}],
      ["loadedFromCookie", "/me", { user: ann }],
    ]);
    await client.get("/me");
    expect(heard()).to.eql([["userAccessed", "/me", {}]]);

    login.requestLoader((req) => (req.headers.authorization === "Bearer b" ? bob : null));
    await client.get("/me");
    expect(heard()).to.eql([["userAccessed", "/me", {}]]);
    await client.post("/logout");
    heard();
    await client.get("/me", { headers: { authorization: "Bearer b" } });
    expect(heard()).to.eql([
      ["userAccessed", "/me", {}],
      ["loadedFromRequest", "/me", { user: bob }],
    ]);
  });

  for (const mode of ["basic", "strong"] as const) {
    it(`report that another client uses the session, with ${mode} protection`, async () => {
      const { client, heard } = await watchedSite({ sessionProtection: mode });
      await client.post("/login/1");
      heard();
      client.headers["user-agent"] = "another";
      await client.get("/me");
      const [accessed, protectedSession, ...more] = heard();
      expect([accessed, protectedSession]).to.eql([
        ["userAccessed", "/me", {}],
        ["sessionProtected", "/me", { userId: "1", mode }],
      ]);
      const ended = ["loginEnded", "/me", { userId: "1", reason: "session protection" }];
      expect(more).to.eql(mode === "basic" ? [] : [ended, ["unauthorized", "/me", {}]]);
    });
  }

  it("report once why latchkey ended a login: the stamp changed or the user is unknown", async () => {
    const { as, ann, bob, byId, heard } = await watchedSite({ absoluteTimeout: "2h", idleTimeout: "3h" });
    const [first, second, third] = [await as(ann), await as(bob), await as(bob)];
    const endings = () => heard().filter(([name]) => name === "loginEnded");

    ann.stamp = "a new password";
    for (let time = 0; time < 2; time++) await first.get("/me");
    expect(endings()).to.eql([["loginEnded", "/me", { userId: "1", reason: "stamp changed" }]]);
    byId.delete("2");
    await second.get("/me");
    expect(endings()).to.eql([["loginEnded", "/me", { userId: "2", reason: "unknown user" }]]);
    byId.set("2", bob);
    await third.get("/me");
    expect(endings()).to.eql([]);
  });

  it("report that a login reached its absolute timeout", async () => {
    const { client, store, heard } = await watchedSite({ absoluteTimeout: "2h" });
    await client.post("/login/1");
    const { read } = store.inner;
    // The store still has the record after its absolute timeout.
    sinon.stub(store.inner, "read").callsFake(async (id) => {
      const record = await read.call(store.inner, id);
      const auth = record?.data.auth as { loginAt: number } | undefined;
      if (!record || !auth) return record;
      return { ...record, data: { ...record.data, auth: { ...auth, loginAt: auth.loginAt - 2 * 3600 * 1000 } } };
    });
    heard();
    await client.get("/me");
    expect(heard()).to.eql([
      ["userAccessed", "/me", {}],
      ["loginEnded", "/me", { userId: "1", reason: "absolute timeout" }],
      ["unauthorized", "/me", {}],
    ]);
  });

  it("report that a call to the store failed", async () => {
    const { as, ann, store, heard } = await watchedSite();
    const client = await as(ann);
    const error = new Error("the store is not available");
    store.before = (verb) => (verb === "read" ? Promise.reject(error) : undefined);
    expect((await client.get("/me")).status).to.equal(503);
    const [failed] = heard().filter(([name]) => name !== "userAccessed");
    expect(failed).to.eql(["storeFailed", undefined, { operation: "read", error, failures: 1 }]);
  });

  it("report that a session ended before the request could save it", async () => {
    const { app, client, heard } = await watchedSite();
    await client.post("/login/1");
    const reached = once(app, "slow");
    const slow = client.get("/slow");
    await reached;
    await client.post("/logout");
    heard();
    app.emit("go on");
    expect((await slow).status).to.equal(401);
    expect(heard()).to.eql([["sessionGone", "/slow", {}]]);
  });
});
