import { Channel, channel, subscribe, tracingChannel, unsubscribe } from "node:diagnostics_channel";
import { inspect } from "node:util";
import { expect } from "chai";
import type { Request } from "express";
import sinon from "sinon";
import { apiClient } from "./support/browser.js";
import { SECRET } from "./support/people.js";
import { serve } from "./support/server.js";
import { site } from "./support/site.js";
import { WatchedStore } from "./support/watched-store.js";

type Message = {
  [key: string]: unknown;
  req?: Request;
  operation?: string;
  store?: string;
  outcome?: string;
  error?: Error;
  result?: unknown;
};
type Heard = [channel: string, message: Message];

const PARTS = ["start", "end", "asyncStart", "asyncEnd", "error"];
const CHANNELS = [
  ...["load", "store"].flatMap((name) => PARTS.map((part) => `tracing:latchkey:${name}:${part}`)),
  "latchkey:event",
];

const listening: Array<[string, (message: unknown, name: string | symbol) => void]> = [];

/** Records the messages of channels until the end of the test. Each message is copied because Node changes it later. */
function hear(names = CHANNELS): Heard[] {
  const heard: Heard[] = [];
  for (const name of names) {
    const listener = (message: unknown) =>
      void heard.push([name.replace("tracing:latchkey:", ""), { ...(message as Message) }]);
    subscribe(name, listener);
    listening.push([name, listener]);
  }
  return heard;
}

/** Logs in, opens pages, confirms and logs out. Returns the responses, the cookies and the site with its store. */
async function visit() {
  const at = site({ store: new WatchedStore() });
  const client = apiClient(await serve(at.app));
  const answers: unknown[] = [];
  const cookies: string[] = [];
  for (const line of [
    "POST /login/1",
    "GET /me",
    "POST /note/a",
    "GET /public",
    "POST /confirm",
    "POST /logout",
    "GET /me",
  ]) {
    const [method, path] = line.split(" ") as [string, string];
    const sending = path === "/login/1" ? { json: { remember: true } } : {};
    const { status, text, cookies: set } = await client.send(method, path, sending);
    cookies.push(...set);
    answers.push([status, text, set.map((one) => one.split("=")[0])]);
  }
  return { ...at, client, answers, cookies };
}

describe("diagnostics_channel", () => {
  afterEach(() => {
    for (const [name, listener] of listening.splice(0)) unsubscribe(name, listener);
    sinon.restore();
  });

  it("reports that a user is loaded, from start to end, with the request, once for each request", async () => {
    const heard = hear(CHANNELS.filter((name) => name.includes(":load:")));
    const { app, login, ann } = site();
    app.get("/thrice", async (req, res) => {
      const users = await Promise.all([1, 2, 3].map(() => login.currentUser(req)));
      res.json(users.length);
    });
    const client = apiClient(await serve(app));
    await client.post("/login/1");
    await client.get("/public");
    expect(heard).to.deep.equal([]);
    await client.get("/thrice");
    expect(heard.map(([name]) => name)).to.deep.equal(["load:start", "load:end", "load:asyncStart", "load:asyncEnd"]);
    expect(new Set(heard.map(([, { req }]) => req)).size).to.equal(1);
    expect(heard[0]![1].req!.path).to.equal("/thrice");
    expect(heard[0]![1]).to.have.all.keys("req");
    expect(heard.at(-1)![1].result).to.deep.equal({ user: ann, authenticated: true });
  });

  it("reports that a load failed", async () => {
    const heard = hear(CHANNELS.filter((name) => name.includes(":load:")));
    const { app, login } = site();
    const client = apiClient(await serve(app));
    await client.post("/login/1");
    const failure = new Error("no database");
    login.userLoader(() => Promise.reject(failure));
    expect((await client.get("/me")).status).to.equal(500);
    const names = heard.map(([name]) => name);
    expect(names).to.deep.equal(["load:start", "load:end", "load:error", "load:asyncStart", "load:asyncEnd"]);
    expect(heard[2]![1].error).to.equal(failure);
  });

  it("reports every call to a store with the name of its method", async () => {
    const heard = hear(CHANNELS.filter((name) => name.includes(":store:")));
    const { store } = await visit();
    const of = (part: string) =>
      heard.filter(([name]) => name === `store:${part}`).map(([, { operation }]) => operation);
    expect(store.calls).to.include.members(["create", "read", "update", "destroy", "browser.create"]);
    const methods = store.calls.map((verb) => verb.replace(/^\w+\./, ""));
    expect(of("start")).to.deep.equal(methods);
    expect(of("asyncEnd").sort()).to.deep.equal(methods.sort());
    expect(of("error")).to.deep.equal([]);

    heard.length = 0;
    const away = site();
    away.store.before = () => Promise.reject(new Error("connection refused"));
    const client = apiClient(await serve(away.app));
    expect((await client.post("/login/1")).status).to.equal(503);
    expect(of("error")).to.deep.equal(["create"]);
    expect(heard.at(-1)![1]).to.include({ store: "WatchedStore", outcome: "failed" });
    const [, { error }] = heard.find(([name]) => name === "store:error")!;
    expect(error).to.include({ code: "store_unavailable", name: "StoreUnavailableError" });
  });

  it("reports the store, the outcome and the request of each call, even after a body parser", async () => {
    const heard = hear(["tracing:latchkey:store:asyncEnd"]);
    const { store } = await visit();
    const calls = heard.map(([, { req, operation, outcome, store: name }]) => [req?.path, name, operation, outcome]);
    expect(calls).to.have.length(store.calls.length);
    expect(calls[0]).to.deep.equal(["/login/1", "WatchedStore", "create", "ok"]);
    const paths = new Set(calls.map(([path]) => path));
    expect([...paths]).to.deep.equal(["/login/1", "/me", "/note/a", "/public", "/confirm", "/logout"]);
    expect(new Set(calls.map(([, , , outcome]) => outcome))).to.deep.equal(new Set(["ok"]));
  });

  it("reports the request of a call that authenticate() makes, and none for a call outside of requests", async () => {
    const { app, login, store } = site({ store: new WatchedStore() });
    const client = apiClient(await serve(app));
    await client.post("/login/1");
    const req = { headers: { cookie: await client.jar.getCookieString(client.origin) }, url: "/socket", socket: {} };
    const heard = hear(["tracing:latchkey:store:start"]);
    store.calls = [];
    expect(await login.authenticate(req as never)).to.have.property("name", "Ann");
    await login.sessions.list("1");
    expect(heard.map(([, call]) => [call.operation, call.req])).to.deep.equal([
      ["read", req],
      ["listByUser", undefined],
      ["listByUser", undefined],
    ]);
  });

  it("reports every event of a login manager with its details", async () => {
    const heard = hear(["latchkey:event"]);
    const { ann } = await visit();
    const events = heard.map(([, { name, details }]) => [name, (details as Message).req?.path]);
    expect(events).to.deep.equal([
      ["loggedIn", "/login/1"],
      ["userAccessed", "/me"],
      ["userAccessed", "/confirm"],
      ["loginConfirmed", "/confirm"],
      ["loggedOut", "/logout"],
      ["userAccessed", "/me"],
      ["unauthorized", "/me"],
    ]);
    expect((heard[0]![1].details as { user: unknown }).user).to.equal(ann);
  });

  it("publishes neither secrets nor cookies, except in the request's own headers", async () => {
    const heard = hear();
    const { client, cookies, store } = await visit();
    cookies.push(...(await client.post("/login/1", { json: { remember: true } })).cookies);
    store.before = () => Promise.reject(new Error("not available"));
    expect((await client.get("/me")).status).to.equal(503);
    const withoutRequest = heard.map(([name, { req, details, ...message }]) => {
      const { req: _, ...others } = (details ?? {}) as Message;
      return [name, message, others];
    });
    expect(withoutRequest.length).to.be.above(60);
    const told = inspect(withoutRequest, { depth: 20, showHidden: true, maxArrayLength: null, maxStringLength: null });
    const values = cookies.map((one) => decodeURIComponent(one.slice(one.indexOf("=") + 1, one.indexOf(";"))));
    const parts = values.flatMap((value) => value.split(/[:.]/)).filter((part) => part.length > 8);
    expect(parts.length).to.be.at.least(8);
    for (const secret of [SECRET, ...values.filter(Boolean), ...parts]) expect(told).not.to.include(secret);
  });

  it("publishes and traces nothing without subscribers, and subscribers do not change the responses", async () => {
    const published = sinon.spy(Channel.prototype, "publish");
    const traced = sinon.spy(Object.getPrototypeOf(tracingChannel("latchkey:load")), "tracePromise");
    const alone = await visit();
    const ours = () => published.thisValues.filter(({ name }) => /latchkey/.test(String(name))).length;
    expect([ours(), traced.callCount]).to.deep.equal([0, 0]);
    const heard = hear();
    const heardVisit = await visit();
    expect(traced.callCount).to.be.above(10);
    expect(heard.length).to.be.above(60);
    expect(heardVisit.answers).to.deep.equal(alone.answers);
    expect(heardVisit.store.calls).to.deep.equal(alone.store.calls);
    expect(channel("latchkey:event").hasSubscribers).to.equal(true);
  });

  it("turns the error of a subscriber into an uncaught exception of the process, and requests still succeed", async () => {
    const alone = await visit();
    const mocha = process.listeners("uncaughtException");
    process.removeAllListeners("uncaughtException");
    const uncaught: Error[] = [];
    process.on("uncaughtException", (error) => uncaught.push(error));
    try {
      for (const name of CHANNELS) {
        const listener = () => {
          throw new Error(name);
        };
        subscribe(name, listener);
        listening.push([name, listener]);
      }
      const { answers, store } = await visit();
      expect(answers).to.deep.equal(alone.answers);
      expect(store.calls).to.deep.equal(alone.store.calls);
      const from = new Set(uncaught.map(({ message }) => message));
      expect(CHANNELS.filter((name) => !from.has(name))).to.deep.equal(
        CHANNELS.filter((name) => name.endsWith(":error")),
      );
    } finally {
      process.removeAllListeners("uncaughtException");
      for (const listener of mocha) process.on("uncaughtException", listener);
    }
  });
});
