import { expect } from "chai";
import express from "express";
import { currentUser, LoaderMissingError, LoginManager, loginRequired, MemoryStore } from "latchkey";
import { loginAs } from "latchkey/testing";
import { Browser } from "../support/browser.js";
import { make } from "../support/options.js";
import { type Person, people, SECRET } from "../support/people.js";
import { serve } from "../support/server.js";

describe("the resolved options of a LoginManager", () => {
  const { NODE_ENV } = process.env;
  afterEach(() => {
    if (NODE_ENV === undefined) delete process.env.NODE_ENV;
    else process.env.NODE_ENV = NODE_ENV;
  });

  it("contain valid values as they were given, with methods in upper case", () => {
    for (const loginView of [
      "/login?a=b#c",
      "https://id.example/",
      { "/": "/a", "/b": "https://x.example" },
      () => "/a",
    ]) {
      expect(() => make({ loginView, refreshView: loginView })).not.to.throw();
    }
    for (const redirectHost of ["localhost", "localhost:3000", "app.example.com", "127.0.0.1", "[::1]:80"]) {
      expect(make({ redirectHost }).options.redirectHost).to.equal(redirectHost);
    }
    expect(make({ exemptMethods: ["get", "M-SEARCH"] }).options.exemptMethods).to.eql(["GET", "M-SEARCH"]);
    expect(make({ exemptMethods: [] }).options.exemptMethods).to.eql([]);
    expect(make({ loginMessage: null, sessionProtection: false }).options).to.include({
      loginMessage: null,
      sessionProtection: false,
    });
  });

  it("use the prefix __Host- in production if secure, path and domain allow it", () => {
    const names = (options: object = {}) => {
      const { sessionCookie, rememberCookie } = make(options).options;
      return [sessionCookie.name, sessionCookie.secure, rememberCookie.name, rememberCookie.secure];
    };
    expect(names()).to.eql(["sid", "auto", "remember", "auto"]);
    process.env.NODE_ENV = "production";
    expect(names()).to.eql(["__Host-sid", true, "__Host-remember", true]);
    expect(names({ session: { cookie: { path: "/app" } }, remember: { cookie: { domain: "a.example" } } })).to.eql([
      ...["sid", true, "remember", true],
    ]);
    expect(names({ session: { cookie: { secure: false } } })).to.eql(["sid", false, "__Host-remember", true]);
  });

  it("have the documented default values", () => {
    const day = 24 * 3600 * 1000;
    expect(make({}).options).to.deep.include({
      loginMessage: "Please log in to access this page.",
      loginMessageCategory: "message",
      needsRefreshMessage: "Please confirm your login to access this page.",
      needsRefreshMessageCategory: "message",
      nextIn: "query",
      sessionProtection: "basic",
      exemptMethods: [],
      sessionCookie: { name: "sid", path: "/", secure: "auto", sameSite: "lax", httpOnly: true },
      rememberCookie: { name: "remember", path: "/", secure: "auto", sameSite: "lax", httpOnly: true },
      rememberDuration: 365 * day,
      refreshEachRequest: false,
      idleTimeout: day,
      absoluteTimeout: 30 * day,
      storeTimeout: 2000,
      freshFor: Number.POSITIVE_INFINITY,
      onLimit: "end-oldest",
      assuranceLevel: 1,
      rememberMode: undefined,
      rememberIdleTimeout: Number.POSITIVE_INFINITY,
    });
    expect(make({}).options).not.to.have.property("maxSessions");
    expect(make({ nextIn: undefined, session: { cookie: { path: undefined } } }).options).to.eql(make({}).options);
  });

  it("are frozen, and do not change when the application changes its own object", () => {
    const given = {
      secret: [SECRET, `${SECRET}, the old one`],
      store: new MemoryStore(),
      loginView: { "/": "/login" },
      refreshView: { "/": "/confirm" },
      exemptMethods: ["options", "trace"],
      session: { name: "s", cookie: { path: "/a" } },
      remember: { name: "r", duration: "1d" },
    };
    const before = structuredClone({ ...given, store: null });
    const { options } = make(given);
    expect({ ...given, store: null }).to.eql(before);

    const resolved = [options, options.exemptMethods, options.sessionCookie, options.rememberCookie];
    for (const part of [...resolved, options.loginView, options.refreshView]) expect(part).to.be.frozen;
    expect(options.store).to.equal(given.store);

    const snapshot = JSON.stringify(options);
    given.secret.length = 0;
    given.loginView["/"] = given.refreshView["/"] = "https://evil.com";
    given.exemptMethods.push("POST");
    given.session.name = given.session.cookie.path = given.remember.name = "x";
    given.remember.duration = "2d";
    expect(JSON.stringify(options)).to.equal(snapshot);
    expect(snapshot).not.to.include("evil").and.not.to.include("POST");
  });

  it("keep the original secret when the application changes its list of secrets", async () => {
    const { ann, load } = people();
    const secret = [SECRET];
    const options = { store: new MemoryStore(), userLoader: load };
    const login = new LoginManager<Person>({ ...options, secret });
    secret[0] = "the secret of somebody else, also long enough";
    login.init(express());

    const app = express();
    new LoginManager<Person>({ ...options, secret: SECRET }).init(app);
    app.get("/me", loginRequired(), (_req, res) => void res.end());
    const headers = { cookie: await loginAs(login, ann) };
    expect((await fetch(`${await serve(app)}/me`, { headers })).status).to.equal(200);
  });
});

describe("the loaders", () => {
  async function appWith(login: LoginManager<never>) {
    const app = express();
    login.init(app);
    app.get("/me", async (_req, res) => void res.json(await currentUser()));
    app.get("/public", (_req, res) => void res.send("public"));
    app.use((error: Error, _req: unknown, res: express.Response, _next: unknown) => void res.send(error.toString()));
    return new Browser(await serve(app));
  }

  it("if missing, cause an error when the first user is loaded, not earlier", async () => {
    const browser = await appWith(make({}));
    expect((await browser.get("/public")).text).to.equal("public");
    expect((await browser.get("/me")).text).to.equal(
      `LoaderMissingError: ${new LoaderMissingError("userLoader or requestLoader").message}`,
    );
  });

  it("can be set after login.init(app)", async () => {
    const { ann } = people();
    const login = make({});
    const browser = await appWith(login);
    login.userLoader(() => null);
    expect((await browser.get("/me")).text).to.equal("{}");
    login.requestLoader((() => ann) as never);
    expect((await browser.get("/me")).json()).to.include({ name: "Ann" });
  });
});
