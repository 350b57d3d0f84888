import { expect } from "chai";
import { type LoginEventName, loginRequired, refreshStamp } from "latchkey";
import sinon from "sinon";
import { only, send } from "../support/raw-client.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";
import { WatchedStore } from "../support/watched-store.js";

const NAMES: LoginEventName[] = [
  ...(["stampRefreshed", "loginsRevoked", "loginRefused", "rememberTokenStale", "rememberTokenStolen"] as const),
  "loginEnded",
];
const MINUTE = 60_000;
const FROM = { "user-agent": "Browser/1" };

describe("login security events", () => {
  let clock: sinon.SinonFakeTimers;
  beforeEach(() => {
    clock = sinon.useFakeTimers({ now: 1_800_000_000_000, toFake: ["Date"] });
  });
  afterEach(() => sinon.restore());

  /** A site where each event has two listeners: the first one throws, the second one records the event. */
  async function visit(options: Parameters<typeof site>[0] = {}) {
    sinon.stub(process, "emitWarning"); // hides the warnings about listeners that throw; listeners.test.ts checks them
    const at = site({ store: new WatchedStore(), ...options });
    at.app.post("/stamp", loginRequired(), async (req, res) => {
      at.ann.stamp = "a new password";
      await refreshStamp(req);
      res.send("kept");
    });
    const heard: unknown[][] = [];
    for (const name of NAMES) {
      at.login.on(name, () => {
        throw new Error("a listener that throws");
      });
      at.login.on(name, (details) => {
        const { req, ...rest } = details as { req?: { path: string } };
        heard.push([name, req?.path, rest]);
      });
    }
    const origin = await serve(at.app);
    const ask = (line: string, cookie = "") => send(origin, line, { cookie, headers: FROM });
    const logIn = async () => (await send(origin, "POST /login/1", { headers: FROM, json: { remember: true } })).cookie;
    const idsOf = async () => (await at.login.sessions.list("1")).map(({ id }) => id);
    return { ...at, origin, heard, ask, logIn, idsOf };
  }

  it("stampRefreshed has the request and the user", async () => {
    const { ask, logIn, heard, ann } = await visit();
    expect((await ask("POST /stamp", await logIn())).status).to.equal(200);
    expect(heard).to.deep.equal([["stampRefreshed", "/stamp", { user: ann }]]);
  });

  it("loginsRevoked has the user id, the login ids and the reason; it is not emitted if nothing ends", async () => {
    const { ask, logIn, idsOf, heard, login } = await visit();
    const cookies = [await logIn(), await logIn()];
    const ids = await idsOf();
    await login.sessions.revoke("1", ids[0]!);
    expect(heard.splice(0)).to.deep.equal([
      ["loginsRevoked", undefined, { userId: "1", logins: [ids[0]], reason: "revoked" }],
    ]);
    await login.sessions.revoke("1", ids[0]!);
    expect(heard).to.deep.equal([]);
    await login.sessions.revokeAll("1");
    expect(heard).to.deep.equal([["loginsRevoked", undefined, { userId: "1", logins: [ids[1]], reason: "revoked" }]]);
    for (const cookie of cookies) expect((await ask("GET /me", cookie)).status).to.equal(401);
  });

  it("loginsRevoked has the id of the oldest login if maxSessions is exceeded", async () => {
    const { ask, idsOf, heard } = await visit({ maxSessions: 1 });
    await ask("POST /login/1");
    const [oldest] = await idsOf();
    await ask("POST /login/1");
    expect(heard).to.deep.equal([
      ["loginsRevoked", undefined, { userId: "1", logins: [oldest], reason: "session limit" }],
    ]);
  });

  it("loginRefused has the request and the user who already has maxSessions logins", async () => {
    const { ask, heard, ann } = await visit({ maxSessions: 1, onLimit: "refuse" });
    await ask("POST /login/1");
    expect((await ask("POST /login/1")).status).to.equal(403);
    expect(heard).to.deep.equal([["loginRefused", "/login/1", { user: ann }]]);
  });

  for (const [name, rotations, reason] of [
    ["rememberTokenStale", 1, "stale remember token"],
    ["rememberTokenStolen", 2, "stolen remember token"],
  ] as const) {
    it(`${name} has the user id, the login id and the last use of the token; loginsRevoked follows`, async () => {
      const { ask, logIn, idsOf, heard } = await visit();
      const first = only("remember", await logIn());
      let now = first;
      let at = 0;
      for (let time = 0; time < rotations; time++) {
        clock.tick(5 * MINUTE);
        at = Date.now();
        const answer = await ask("GET /me", now);
        now = only("remember", answer.cookie);
        await ask("POST /note/back", only("sid", answer.cookie));
      }
      clock.tick(5 * MINUTE);
      const [id] = await idsOf();
      expect((await ask("GET /me", first)).status).to.equal(401);
      const last = { address: "127.0.0.1", userAgent: "Browser/1", at };
      expect(heard).to.deep.equal([
        [name, "/me", { userId: "1", loginId: id, last }],
        ["loginsRevoked", undefined, { userId: "1", logins: [id], reason }],
      ]);
      expect((await ask("GET /me", now)).status).to.equal(401);
    });
  }

  it("loginEnded has the reason clock if the system clock is set back", async () => {
    const { ask, logIn, heard } = await visit();
    const cookie = only("sid", await logIn());
    clock.setSystemTime(Date.now() - 2 * MINUTE);
    expect((await ask("GET /me", cookie)).status).to.equal(401);
    expect(heard).to.deep.equal([["loginEnded", "/me", { userId: "1", reason: "clock" }]]);
  });
});
