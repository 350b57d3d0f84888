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
  ["rows that contain the user", [{ id: "1" }], /an array without a valid user id/],
  ["the result of a query", { rows: [] }, /object without a valid user id/],
  ["an empty object", {}, /object without a valid user id/],
  ["a user with no id", { id: null, isActive: true }, /object without a valid user id/],
  ["a string", "x", /a string/],
  ["an empty string", "", /a string/],
  ["a number", 5, /a number/],
  ["zero", 0, /a number/],
  ["true", true, /a boolean/],
  ["a function", () => bob, /a function/],
  ["another user", bob, /the user "2"/],
  ["a row with another id", { id: 10 }, /the user "10"/],
];

/** A site with sockets. Its loaders return `given.answer` and `given.byRequest`; `errors` lists the errors. */
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

describe("a user loader that returns a wrong value", () => {
  afterEach(() => sinon.restore());

  for (const [what, answer, told] of WRONG) {
    it(`causes an error that names the requested id if it returns ${what}; the login stays valid`, async () => {
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
          expect(message).to.match(/^userLoader was called with the id "1" and returned /);
          expect(message).to.match(told);
          expect(message).to.match(/must return (the user, or )?null$/);
        }
        delete given.answer;
        for (const cookie of [sid, remember]) expect((await send(origin, "GET /me", { cookie })).status).to.equal(200);
      }
    });
  }

  it("causes an error if it returns another user in refreshStamp, and the login stays unchanged", async () => {
    const { origin, given, errors, sid } = await loaded();
    expect((await send(origin, "POST /stamp/later", { cookie: sid })).status).to.equal(500);
    expect(errors.map(([code]) => code)).to.eql(["invalid_user_id"]);
    delete given.answer;
    expect((await send(origin, "GET /me", { cookie: sid })).text).to.include("Ann");
  });

  it("ends the login if it returns null, undefined or false", async () => {
    for (const answer of [null, undefined, false]) {
      const { origin, given, sid, remember } = await loaded();
      given.answer = answer;
      expect((await send(origin, "GET /me", { cookie: sid })).status).to.equal(401);
      delete given.answer;
      expect((await send(origin, "GET /me", { cookie: sid })).status).to.equal(401);
      expect((await send(origin, "GET /me", { cookie: remember })).status, "the browser is still remembered").to.equal(
        200,
      );
    }
  });

  it("does not prevent a logout", async () => {
    const { origin, given, sid } = await loaded();
    given.answer = [];
    expect((await send(origin, "POST /logout", { cookie: sid })).status).to.equal(200);
    delete given.answer;
    expect((await send(origin, "GET /me", { cookie: sid })).status).to.equal(401);
  });

  it("causes a UserIdError if the option userId throws for the returned value", async () => {
    const { client } = await userApp(
      { _id: { toHexString: () => "0a" } },
      {
        userId: (user) => (user as { _id: { toHexString(): string } })._id.toHexString(),
        userLoader: () => [],
      },
    );
    expect((await client.post("/login")).text).to.equal(
      'UserIdError: userLoader was called with the id "0a" and returned an array without a valid user id; it must return the user, or null',
    );
  });
});

describe("a user loader that returns the requested user", () => {
  class Composite extends UserMixin {
    tenant = "acme";
    number = 7;
    override getId() {
      return `${this.tenant}:${this.number}`;
    }
  }
  for (const [what, make] of [
    ["that is a number", () => ({ id: 1, isActive: true })],
    ["that is a bigint", () => ({ id: 2n ** 60n, isActive: true })],
    ["that is a string", () => ({ id: "0a-1", isActive: true })],
    ["made of two columns", () => new Composite()],
    ["from a mixin", () => Object.assign(new UserMixin(), { id: 3 })],
  ] as const) {
    it(`may return a new object each time, with an id ${what}`, async () => {
      const { client } = await userApp(make(), { userLoader: make });
      expect((await client.post("/login")).text).to.equal("true");
      expect((await client.get("/me")).status).to.equal(200);
    });
  }

  it("causes an error if it returns a copy of the user without getId()", async () => {
    const { client } = await userApp(new Composite(), { userLoader: () => ({ ...new Composite() }) });
    await client.post("/login");
    expect((await client.get("/me")).text).to.match(
      /^UserIdError: .*"acme:7" and returned object without a valid user id/,
    );
  });
});

describe("a request loader", () => {
  for (const [what, answer] of WRONG.slice(0, -2)) {
    it(`causes an error if it returns ${what}`, async () => {
      const { origin, given, errors, open } = await loaded();
      given.byRequest = answer;
      expect((await send(origin, "GET /me", {})).status).to.equal(500);
      expect((await open()).who).to.equal("invalid_user_id");
      expect(errors[0]![1]).to.match(/^requestLoader was called and returned .*; it must return the user, or null$/);
    });
  }

  it("logs nobody in if it returns null, undefined or false, and provides a user otherwise", async () => {
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

/** An account as the database returns it. */
interface Row {
  id: number;
  password: string;
  disabled: boolean;
}

describe("a database row that the loader turns into a user", () => {
  /** A site where a row logs in. `loader` makes the loader's user, and `given` makes the user for loginUser. */
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

  it("cannot log in, even with force, if only the loader's user has a stamp", async () => {
    for (const loader of [stamped, asUser]) {
      const { login, page } = await rowApp(loader);
      for (const force of [false, true]) {
        expect(await login(force)).to.match(
          /^LatchkeyError: a user was given without getSessionStamp\(\), but userLoader returns the user "1" with this method:/,
        );
      }
      expect(await page()).to.equal(401);
    }
  });

  it("cannot log in if the loader's user is not active, unless force is set", async () => {
    const { row, login, page } = await rowApp(active);
    row.disabled = true;
    expect([await login(), await page()]).to.eql(["false", 401]);
    expect([await login(true), await page()]).to.eql(["true", 401]);
    row.disabled = false;
    expect([await login(), await page()]).to.eql(["true", 200]);
  });

  it("can log in if loginUser and the loader use the same kind of user", async () => {
    const plain = await rowApp((row) => row);
    expect([await plain.login(), await plain.page()]).to.eql(["true", 200]);
    const made = await rowApp(asUser, asUser);
    expect([await made.login(), await made.page()]).to.eql(["true", 200]);
    made.row.password = "another";
    expect(await made.page(), "after a password change").to.equal(401);
    made.row.disabled = true;
    expect(await made.login()).to.equal("false");
  });

  it("can log in even if the loader does not find it yet, as in a transaction", async () => {
    const { client } = await userApp({ id: 1 }, { userLoader: () => null });
    expect((await client.post("/login")).text).to.equal("true");
  });

  it("causes one warning at the next request if only one of the two users has a stamp", async () => {
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
