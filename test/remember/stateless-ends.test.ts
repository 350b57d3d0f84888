import { expect } from "chai";
import { MemoryStore } from "latchkey";
import sinon from "sinon";
import { send } from "../support/raw-client.js";
import { endStoredSessions } from "../support/records.js";
import { forgets, rememberingSites } from "../support/remembered.js";

/** Ways to end a login that has a stateless remember cookie. */
const WAYS = ["revokeAll", "revokeAll with exceptCurrent", "revoke", "maxSessions"] as const;

describe("a stateless remember cookie, which has no record in the store", () => {
  let warnings: string[];
  beforeEach(() => {
    warnings = [];
    sinon.stub(process, "emitWarning").callsFake((warning, type) => {
      warnings.push(`${type}: ${warning}`);
    });
  });
  afterEach(() => sinon.restore());

  /** Logs in a user with or without a stamp. Returns the remember cookie, and `end`, which ends the login. */
  async function remembered(
    hasStamp: boolean,
    mode: "stateless" | "persistent" = "stateless",
    given = { remember: true },
  ) {
    const at = await rememberingSites({ store: new MemoryStore() }, { maxSessions: 1, remember: { mode } });
    const ann = at.newPerson();
    if (!hasStamp) Object.assign(ann, { getSessionStamp: undefined });
    const { remember } = await at.logIn(ann, given);
    const { sessions } = at.login;
    const end = async (way: (typeof WAYS)[number]) => {
      if (way === "revokeAll") return sessions.revokeAll(ann);
      if (way === "revokeAll with exceptCurrent") return sessions.revokeAll(ann.id, { exceptCurrent: true });
      if (way === "revoke") return sessions.revoke(ann.id, (await sessions.list(ann.id))[0]!.id);
      return at.logIn(ann, {});
    };
    return { ...at, ann, remember, sessions, end };
  }

  for (const way of WAYS) {
    it(`still restores the login after ${way} ended the sessions, until the stamp changes`, async () => {
      for (const hasStamp of [true, false]) {
        const { ann, remember, end, sessionsOf, isIn } = await remembered(hasStamp);
        await end(way);
        expect((await sessionsOf(ann)).length).to.equal(way === "maxSessions" ? 1 : 0);
        expect(await isIn(remember)).to.equal(true);
        ann.stamp = "2";
        expect(await isIn(remember), hasStamp ? "after the stamp changed" : "without a stamp").to.equal(!hasStamp);
      }
    });
  }

  it("causes one warning when logins of users without a stamp are revoked", async () => {
    const { end } = await remembered(false);
    for (const way of ["revoke", "revokeAll", "revokeAll"] as const) await end(way);
    expect(warnings.length).to.equal(1);
    expect(warnings[0]).to.match(
      /^LatchkeyRememberWarning: .*the user's remembered browsers stay logged in.*getSessionStamp\(\).*a store that supports the mode "persistent"/,
    );
  });

  it("causes no warning if all users have stamps, nobody is remembered, or browsers have records", async () => {
    await (await remembered(true)).end("revokeAll");
    await (await remembered(false, "stateless", { remember: false })).end("revokeAll");
    await (await remembered(false, "persistent")).end("revokeAll");
    expect(warnings).to.eql([]);
  });

  it("is shown in the list of logins only while a session that it restored exists", async () => {
    const { ann, remember, sessions, store, isIn } = await remembered(false);
    const listed = async () => (await sessions.list(ann)).map((one) => one.remembered);
    expect(await listed(), "set, but not used yet").to.eql([false]);
    expect([await isIn(remember), await listed()]).to.eql([true, [true]]);
    await endStoredSessions(store.inner, ann.id); // as a timeout does
    expect([await listed(), await isIn(remember)]).to.eql([[], true]);
  });

  it("is removed from its browser by a logout, but a copy is valid until the stamp changes", async () => {
    const { ann, origin, remember, isIn } = await remembered(true);
    expect(forgets(await send(origin, "POST /logout", { cookie: remember }))).to.equal(true);
    expect(await isIn(remember), "a copy").to.equal(true);
    ann.stamp = "2";
    expect(await isIn(remember)).to.equal(false);
  });
});
