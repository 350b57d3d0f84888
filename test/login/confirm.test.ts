import { expect } from "chai";
import type { ErrorRequestHandler } from "express";
import { type ConfirmOptions, confirmLogin, loginUser } from "latchkey";
import sinon from "sinon";
import { apiClient } from "../support/browser.js";
import { Person } from "../support/people.js";
import { serve } from "../support/server.js";
import { type Me, site } from "../support/site.js";

const MINUTE = 60_000;

describe("confirmLogin", () => {
  let clock: sinon.SinonFakeTimers;
  beforeEach(() => {
    clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
  });
  afterEach(() => sinon.restore());

  /** Logs Ann in, waits an hour, and then calls confirmLogin with these options. */
  async function confirmed(options: (at: ReturnType<typeof site>) => ConfirmOptions) {
    const at = site({ freshFor: "30m" });
    const { app, bob, login } = at;
    const failures: Array<{ name: string; code: string }> = [];
    const told = sinon.fake();
    login.on("loginConfirmed", told);
    app.post("/reauthenticate", (req, res, next) => {
      confirmLogin(req, options(at)).then(() => void res.send("confirmed"), next);
    });
    app.post("/as-bob", (req, res, next) => {
      loginUser(req, bob).then((done) => void res.json(done), next);
    });
    app.use(((error, _req, res, _next) => {
      failures.push(error);
      res.status(error.status).json({ code: error.code });
    }) as ErrorRequestHandler);
    const client = apiClient(await serve(app));
    await client.post("/login/1");
    clock.tick(60 * MINUTE);
    const before = await client.cookie("sid");
    const { status, cookies } = await client.post("/reauthenticate");
    return {
      ...at,
      client,
      status,
      cookies,
      failure: failures[0],
      told,
      me: async () => (await client.get("/me")).json<Me>(),
      moved: (await client.cookie("sid")) !== before,
    };
  }

  const passing: Array<[what: string, options: (at: ReturnType<typeof site>) => ConfirmOptions]> = [
    ["without a user", () => ({})],
    ["with the same user", ({ ann }) => ({ user: ann })],
    ["with another object that has the same id", () => ({ user: new Person("1", "Ann, read again") })],
    ["with credentials that were checked a minute ago", () => ({ authTime: new Date(Date.now() - MINUTE) })],
  ];
  for (const [what, options] of passing) {
    it(`makes the login fresh under a new session id if it is called ${what}`, async () => {
      const { status, me, moved, told } = await confirmed(options);
      expect([status, moved, told.callCount]).to.deep.equal([200, true, 1]);
      expect(await me()).to.deep.equal({ name: "Ann", fresh: true, remembered: false });
    });
  }

  const refused: Array<
    [what: string, options: (at: ReturnType<typeof site>) => unknown, status: number, name: string]
  > = [
    ["another user", ({ bob }) => ({ user: bob }), 403, "OtherUserError"],
    ["another user whose id looks the same", () => ({ user: new Person("1 ", "Ann") }), 403, "OtherUserError"],
    ["null instead of a user", () => ({ user: null }), 403, "OtherUserError"],
    ["undefined instead of a user", () => ({ user: undefined }), 403, "OtherUserError"],
    ["a user without an id", () => ({ user: new Person(undefined as never, "X") }), 500, "UserIdError"],
    ["a string instead of a user", () => ({ user: "1" }), 500, "UserIdError"],
    ["an authTime in seconds", () => ({ authTime: Date.now() / 1000 }), 500, "OptionError"],
    ["an authTime that is an invalid Date", () => ({ authTime: new Date("never") }), 500, "OptionError"],
  ];
  for (const [what, options, expected, name] of refused) {
    it(`rejects with ${name} for ${what}, and the login stays unchanged and not fresh`, async () => {
      const { status, cookies, failure, me, moved, told } = await confirmed(options as never);
      expect([status, failure?.name]).to.deep.equal([expected, name]);
      expect([moved, cookies, told.callCount]).to.deep.equal([false, [], 0]);
      expect(await me()).to.deep.equal({ name: "Ann", fresh: false, remembered: false });
    });
  }

  for (const [what, authTime] of [
    ["older than freshFor", () => Date.now() - 31 * MINUTE],
    ["in the future", () => Date.now() + 10 * MINUTE],
  ] as const) {
    it(`does not make the login fresh, now or later, if authTime is ${what}`, async () => {
      const { status, me } = await confirmed(() => ({ authTime: authTime() }));
      expect(status).to.equal(200);
      expect((await me()).fresh).to.equal(false);
      clock.tick(15 * MINUTE);
      expect((await me()).fresh).to.equal(false);
    });
  }

  it("differs from a login of another user, which ends the first user's login", async () => {
    const { client, me, store } = await confirmed(({ bob }) => ({ user: bob }));
    const before = await client.cookie("sid");
    expect((await client.post("/as-bob")).text).to.equal("true");
    expect(await me()).to.deep.equal({ name: "Bob", fresh: true, remembered: false });
    expect(await store.countOf("1")).to.equal(0);
    await client.setCookie("sid", before!);
    expect((await client.get("/me")).status).to.equal(401);
  });
});
