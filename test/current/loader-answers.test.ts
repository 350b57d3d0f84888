import { expect } from "chai";
import type { ErrorRequestHandler } from "express";
import { currentUser, refreshStamp, UserMixin } from "latchkey";
import sinon from "sinon";
import { userApp } from "../support/one-user.js";
import { people } from "../support/people.js";
import { only, send } from "../support/raw-client.js";
import { socketSite } from "../support/sockets.js";
import { WatchedStore } from "../support/watched-store.js";

const { bob } = people();

/** Values that a loader may wrongly return for a missing user, and their names in the error. */
const WRONG: ReadonlyArray<[what: string, answer: unknown, told: RegExp]> = [
  ["the rows of a query", [], /an array without a valid user id/],
  ["rows with the user in them", [{ id: "1" }], /an array without a valid user id/],
  ["the result of a query", { rows: [] }, /object without a valid user id/],
  ["an empty object", {}, /object without a valid user id/],
  ["a user with no id", { id: null, isActive: true }, /object without a valid user id/],
  ["a text", "x", /a string/],
  ["an empty text", "", /a string/],
  ["a number", 5, /a number/],
  ["zero", 0, /a number/],
  ["true", true, /a boolean/],
  ["a function", () => bob, /a function/],
  ["another user", bob, /the user "2"/],
  ["a row of another id", { id: 10 }, /the user "10"/],
];

/** The site, whose loaders return `answer` if it is set; with sockets, and the messages of the errors. */
async function loaded(mode: "stateless" | "persistent" = "persistent") {
  const { load } = people();
  const given: { answer?: unknown; byRequest?: unknown } = {};
  const at = await socketSite({
    store: new WatchedStore(),
    remember: { mode },
    userLoader: (id) => ("answer" in given ? given.answer : load(id)) as never,
    requestLoader: () => given.byRequest as never,
  });
  const errors: Array<[code: string, message: string]> = [];
  at.app.post("/stamp", (req, res, next) => {
    refreshStamp(req).then(() => res.send("kept"), next);
  });
  at.app.post("/stamp/later", async (req, res, next) => {
    await currentUser(req);
    given.answer = bob;
    refreshStamp(req).then(() => res.send("kept"), next);
  });
  at.app.use(((error, _req, res, _next) => {
    errors.push([error.code, error.message]);
    res.sendStatus(error.status);
  }) as ErrorRequestHandler);
  const { cookie } = await send(at.origin, "POST /login/1", { json: { remember: true } });
  return { ...at, given, errors, sid: only("sid", cookie)!, remember: only("remember", cookie)! };
}

describe("a user loader that gives anything but the user it was asked for", () => {
  afterEach(() => sinon.restore());

  for (const [what, answer, told] of WRONG) {
    it(`${what}: an error that names the ids, nobody passes, and the login goes on afterwards`, async () => {
      for (const mode of ["stateless", "persistent"] as const) {
        const { origin, given, errors, sid, remember, open } = await loaded(mode);
        given.answer = answer;
        for (const cookie of [sid, remember]) {
          const refused = await send(origin, "GET /me", { cookie });
          expect([refused.status, refused.headers["set-cookie"]]).to.eql([500, undefined]);
          expect((await open({ cookie })).who).to.equal("invalid_user_id");
        }
        for (const verb of ["POST /confirm", "POST /stamp"])
          expect((await send(origin, verb, { cookie: sid })).status, verb).to.equal(500);
        expect(errors).to.have.length(4);
        for (const [code, message] of errors) {
          expect(code).to.equal("invalid_user_id");
          expect(message).to.match(/^userLoader was asked for the user "1" and returned /);
          expect(message).to.match(told);
          expect(message).to.match(/must return (the user, or )?null$/);
        }
        delete given.answer;
        for (const cookie of [sid, remember]) expect((await send(origin, "GET /me", { cookie })).status).to.equal(200);
      }
    });
  }

  it("another user in refreshStamp: an error, and the login stays as it was", async () => {
    const { origin, given, errors, sid } = await loaded();
    expect((await send(origin, "POST /stamp/later", { cookie: sid })).status).to.equal(500);
    expect(errors.map(([code]) => code)).to.eql(["invalid_user_id"]);
    delete given.answer;
    expect((await send(origin, "GET /me", { cookie: sid })).text).to.include("Ann");
  });

  it("null, undefined and false are nobody, which ends the login", async () => {
    for (const answer of [null, undefined, false]) {
      const { origin, given, sid, remember } = await loaded();
      given.answer = answer;
      expect((await send(origin, "GET /me", { cookie: sid })).status).to.equal(401);
      delete given.answer;
      expect((await send(origin, "GET /me", { cookie: sid })).status).to.equal(401);
      expect((await send(origin, "GET /me", { cookie: remember })).status, "the browser is remembered").to.equal(200);
    }
  });

  it("does not keep anybody from logging out", async () => {
    const { origin, given, sid } = await loaded();
    given.answer = [];
    expect((await send(origin, "POST /logout", { cookie: sid })).status).to.equal(200);
    delete given.answer;
    expect((await send(origin, "GET /me", { cookie: sid })).status).to.equal(401);
  });

  it("is an error with a cause if the option userId throws for it", async () => {
    const { client } = await userApp(
      { _id: { toHexString: () => "0a" } },
      {
        userId: (user) => (user as { _id: { toHexString(): string } })._id.toHexString(),
        userLoader: () => [],
      },
    );
    expect((await client.post("/login")).text).to.equal(
      'UserIdError: userLoader was asked for the user "0a" and returned an array without a valid user id; it must return the user, or null',
    );
  });
});

describe("a user loader that gives the user it was asked for", () => {
  class Composite extends UserMixin {
    tenant = "acme";
    number = 7;
    override getId() {
      return `${this.tenant}:${this.number}`;
    }
  }
  for (const [what, make] of [
    ["of a number", () => ({ id: 1, isActive: true })],
    ["of a bigint", () => ({ id: 2n ** 60n, isActive: true })],
    ["of a text", () => ({ id: "0a-1", isActive: true })],
    ["of two columns", () => new Composite()],
    ["of a mixin", () => Object.assign(new UserMixin(), { id: 3 })],
  ] as const) {
    it(`may return a new object each time, with an id ${what}`, async () => {
      const { client } = await userApp(make(), { userLoader: make });
      expect((await client.post("/login")).text).to.equal("true");
      expect((await client.get("/me")).status).to.equal(200);
    });
  }

  it("is refused if a copy of the user has lost getId()", async () => {
    const { client } = await userApp(new Composite(), { userLoader: () => ({ ...new Composite() }) });
    await client.post("/login");
    expect((await client.get("/me")).text).to.match(
      /^UserIdError: .*"acme:7" and returned object without a valid user id/,
    );
  });
});

describe("a request loader that gives anything but a user", () => {
  for (const [what, answer] of WRONG.slice(0, -2)) {
    it(`${what}: an error, and nobody passes`, async () => {
      const { origin, given, errors, open } = await loaded();
      given.byRequest = answer;
      expect((await send(origin, "GET /me", {})).status).to.equal(500);
      expect((await open()).who).to.equal("invalid_user_id");
      expect(errors[0]![1]).to.match(/^requestLoader was asked and returned .*; it must return the user, or null$/);
    });
  }

  it("null, undefined and false are nobody, and a user is one", async () => {
    const { origin, given, open } = await loaded();
    for (const answer of [null, undefined, false]) {
      given.byRequest = answer;
      expect((await send(origin, "GET /me", {})).status).to.equal(401);
      expect((await open()).who).to.equal(null);
    }
    given.byRequest = bob;
    expect((await send(origin, "GET /me", {})).text).to.include("Bob");
    expect((await open()).who).to.equal("Bob");
  });
});

/** An account, as the database gives it. */
interface Row {
  id: number;
  password: string;
  disabled: boolean;
}

describe("a row that the loader makes a user of", () => {
  /** What the loader returns for the row that logs in. */
  async function rowApp(loader: (row: Row) => object, given: (row: Row) => object = (row) => row) {
    const row: Row = { id: 1, password: "hash", disabled: false };
    const at = await userApp(row, { userLoader: () => loader(row) });
    const login = async (force = false) => {
      Object.assign(at.user, given(row));
      return (await at.client.post(force ? "/login?force" : "/login")).text;
    };
    return { ...at, row, login, page: async () => (await at.client.get("/me")).status };
  }
  const stamped = (row: Row) => ({ ...row, getSessionStamp: () => row.password });
  const active = (row: Row) => ({ ...row, isActive: !row.disabled });
  const asUser = (row: Row) => ({ ...stamped(row), ...active(row) });

  it("is an error at the login if the stamp is missing, even with force, and nobody is logged in", async () => {
    for (const loader of [stamped, asUser]) {
      const { login, page } = await rowApp(loader);
      for (const force of [false, true]) {
        expect(await login(force)).to.match(
          /^LatchkeyError: loginUser was given a user without getSessionStamp\(\), but the user that userLoader returns for "1" has it/,
        );
      }
      expect(await page()).to.equal(401);
    }
  });

  it("does not log in if the loader's user is not active, unless forced", async () => {
    const { row, login, page } = await rowApp(active);
    row.disabled = true;
    expect([await login(), await page()]).to.eql(["false", 401]);
    expect([await login(true), await page()]).to.eql(["true", 401]);
    row.disabled = false;
    expect([await login(), await page()]).to.eql(["true", 200]);
  });

  it("logs in if nothing is missing, or if it is made a user first", async () => {
    const plain = await rowApp((row) => row);
    expect([await plain.login(), await plain.page()]).to.eql(["true", 200]);
    const made = await rowApp(asUser, asUser);
    expect([await made.login(), await made.page()]).to.eql(["true", 200]);
    made.row.password = "another";
    expect(await made.page(), "after a change of password").to.equal(401);
    made.row.disabled = true;
    expect(await made.login()).to.equal("false");
  });

  it("logs in before the loader can see it, as in a transaction", async () => {
    const { client } = await userApp({ id: 1 }, { userLoader: () => null });
    expect((await client.post("/login")).text).to.equal("true");
  });

  it("leads to one warning at the next request, if the login could not find out", async () => {
    const warnings = sinon.stub(process, "emitWarning");
    try {
      const withStamp = { id: 1, isActive: true, getSessionStamp: () => "hash" };
      for (const [given, loader] of [
        [{ id: 1, isActive: true }, withStamp],
        [withStamp, { id: 1, isActive: true }],
      ] as const) {
        warnings.resetHistory();
        const { client } = await userApp(given, { userLoader: () => loader });
        for (let time = 0; time < 2; time++) {
          expect((await client.post("/login")).text).to.equal("true");
          expect((await client.get("/me")).status).to.equal(401);
        }
        const told = warnings.args.filter(([, name]) => (name as unknown) === "LatchkeyStampWarning");
        expect(told).to.have.length(1);
        expect(told[0]![0]).to.match(
          /got a user with(out)? getSessionStamp\(\), and userLoader returned one with(out)? it/,
        );
      }
    } finally {
      warnings.restore();
    }
  });
});
