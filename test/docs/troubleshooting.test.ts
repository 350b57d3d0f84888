import { readFileSync } from "node:fs";
import { expect } from "chai";
import express from "express";
import { LoginManager, type LoginManagerOptions, loginRequired, loginUser } from "latchkey";
import { Browser } from "../support/browser.js";
import { endPrograms, startProgram } from "../support/page-program.js";
import { SECRET } from "../support/people.js";
import { inProduction } from "../support/production.js";
import { serve } from "../support/server.js";
import { inTestAll } from "../support/tier.js";
import { warningsOf } from "../support/warnings.js";

const ann = { email: "ann@example.com", password: "correct horse" };

/** A site with one user. */
async function site(options: Partial<LoginManagerOptions<{ id: unknown }>> = {}, user: object = { id: "1" }) {
  const ended: string[] = [];
  const login = new LoginManager<{ id: unknown }>({
    secret: SECRET,
    userLoader: () => user as { id: unknown },
    ...options,
  });
  login.on("loginEnded", ({ reason }) => ended.push(reason));
  const app = express().set("env", "test");
  login.init(app);
  app.post("/login", async (req, res) => {
    const { ip, secure } = req;
    await loginUser(req, user);
    res.json({ ip, secure });
  });
  app.get("/", loginRequired(), (req, res) => void res.json({ user: req.user !== undefined }));
  app.get("/open", (req, res) => void res.json({ user: req.user !== undefined }));
  return { app, login, ended, origin: await serve(app) };
}

const json = (origin: string) => new Browser(origin, { accept: "application/json" });

describe("docs/troubleshooting.md", () => {
  it("a memory store ends with its process, without an event", async () => {
    const [before, after] = [await site(), await site()];
    const browser = json(before.origin);
    await browser.post("/login");
    expect((await browser.get(`${before.origin}/`)).status).to.equal(200);
    expect((await browser.get(`${after.origin}/`)).status).to.equal(401);
    expect(after.ended).to.eql([]);
    expect(before.login.options.store).to.equal(undefined);
  });

  it("a stamp that changes ends the login, with the reason `stamp changed`", async () => {
    let starts = 1;
    const { origin, ended } = await site({}, { id: "1", isActive: true, getSessionStamp: () => String(starts) });
    const browser = json(origin);
    await browser.post("/login");
    starts++;
    expect((await browser.get("/")).status).to.equal(401);
    expect(ended).to.eql(["stamp changed"]);
  });

  it("a loader that compares the id with a number finds nobody", async () => {
    const users = [{ id: 1, isActive: true }];
    const userLoader = (id: string) => users.find((user) => (user.id as unknown) === id);
    const { origin, ended } = await site({ userLoader }, users[0]);
    const browser = json(origin);
    await browser.post("/login");
    expect((await browser.get("/")).status).to.equal(401);
    expect(ended).to.eql(["unknown user"]);
  });

  it("behind a proxy without `trust proxy`, the login is an InsecureConnectionError in production", async () => {
    const random = "Zm9yIHRoaXMgdGVzdCBvbmx5LCBub3QgZm9yIHVz";
    let started: ReturnType<typeof site>;
    const warnings = await warningsOf("LatchkeyMemoryStoreWarning", () => {
      started = inProduction(() => site({ secret: random }));
    });
    expect(warnings).to.have.length(1);
    const { origin, app } = await started!;
    const headers = { "x-forwarded-proto": "https" };
    const browser = json(origin);
    const refused = await browser.post("/login", { headers });
    expect([refused.status, refused.cookies]).to.eql([500, []]);
    app.set("trust proxy", 1);
    const { status, cookies } = await browser.post("/login", { headers });
    expect([status, cookies[0]?.split("=")[0]]).to.eql([200, "__Host-sid"]);
  });

  it("a response that sets a cookie is `private, no-store`", async () => {
    const { origin } = await site();
    expect((await json(origin).post("/login")).headers.get("cache-control")).to.equal("private, no-store");
  });

  it("a guard before the login page redirects in circles", async () => {
    const login = new LoginManager<{ id: string }>({ secret: SECRET, userLoader: () => null, loginView: "/login" });
    const app = express();
    login.init(app);
    app.use(loginRequired());
    app.get("/login", (_req, res) => void res.send("the form"));
    const browser = new Browser(await serve(app));
    expect((await browser.get("/login")).location).to.match(/^\/login\?next=/);
  });

  it("an iframe needs the three attributes of the page", async () => {
    const [, code = ""] =
      /const cookie = (\{.*\}) as const;/.exec(readFileSync("docs/troubleshooting.md", "utf8")) ?? [];
    const cookie = new Function(`return ${code}`)();
    const { origin, app } = await site({ session: { cookie } });
    app.set("trust proxy", 1);
    const { cookies } = await json(origin).post("/login", { headers: { "x-forwarded-proto": "https" } });
    expect(cookies[0]).to.match(/; HttpOnly; Secure; Partitioned; SameSite=None/);
  });

  it("`req.user` is undefined until a guard asks for the user", async () => {
    const { origin } = await site();
    const browser = json(origin);
    await browser.post("/login");
    expect((await browser.get("/open")).json()).to.eql({ user: false });
    expect((await browser.get("/")).json()).to.eql({ user: true });
  });

  it("a cookie that another client uses is not fresh, or ends with `strong`", async () => {
    for (const [sessionProtection, status] of [
      ["basic", 200],
      ["strong", 401],
    ] as const) {
      const { origin, ended } = await site({ sessionProtection });
      const browser = json(origin);
      await browser.post("/login");
      expect((await browser.get("/", { headers: { "user-agent": "curl/8" } })).status).to.equal(status);
      expect(ended).to.eql(status === 401 ? ["session protection"] : []);
    }
  });
});

inTestAll("the program of docs/troubleshooting.md", () => {
  afterEach(endPrograms);

  it("prints what happens to logins", async () => {
    const program = await startProgram("docs/troubleshooting.md");
    const client = program.client();
    await client.post("/login", { json: ann });
    expect((await client.get("/")).text).to.equal(`Hello, ${ann.email}!`);
    await client.get("/", { headers: { "user-agent": "another" } });
    const sid = await client.cookie("sid");
    await client.get("/", { headers: { cookie: `sid=${sid}; sid=x` } });
    await client.post("/", { headers: { origin: "https://evil.example", "sec-fetch-site": "cross-site" } });
    while (program.printed.length < 3) await new Promise(setImmediate);
    expect(program.printed).to.eql([
      "another client uses a session of 1",
      "the browser sent the cookie sid twice",
      "refused a request from https://evil.example",
    ]);
  });
});
