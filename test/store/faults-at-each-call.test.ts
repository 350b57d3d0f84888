import { expect } from "chai";
import { currentUser } from "latchkey";
import sinon from "sinon";
import { only, type RawAnswer, send } from "../support/raw-client.js";
import { storedBrowsers, storedSessions } from "../support/records.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";
import { TamperedStore, type Tampering, tamperings } from "../support/tampered-store.js";
import { expectNoUnhandledRejections } from "../support/unhandled.js";
import type { Verb } from "../support/watched-store.js";

/** One thing that a browser does, with the cookies of Ann's remembered login. */
interface Deed {
  line: string;
  json?: object;
  /** The part of the cookies that it is done with; all of them unless it is said. */
  cookie?(given: string): string;
  /** How long after the login, so that a touch is due. */
  after?: number;
  /** Does the answer not wait for its last call? */
  waits?: false;
}

const deeds: Record<string, Deed> = {
  "a first login": { line: "POST /login/2", json: { remember: true }, cookie: () => "" },
  "a login in another's session": { line: "POST /login/2", json: { remember: true } },
  "a login again": { line: "POST /login/1", json: { remember: true } },
  "a confirmation": { line: "POST /confirm" },
  "a logout": { line: "POST /logout" },
  "a restored login": { line: "GET /me", cookie: (given) => only("remember", given) },
  "a session made anew": { line: "POST /regenerate" },
  "a change that is saved at the end": { line: "POST /note/changed" },
  "a change that the handler saves": { line: "POST /saved" },
  "a session that is destroyed": { line: "POST /destroy" },
  "a touch": { line: "GET /me", after: 61_000, waits: false },
};

/** A site over a store of which a call can go wrong, and Ann, who is logged in and remembered. */
async function faulty() {
  const tampered = new TamperedStore();
  const at = site({ store: tampered, storeTimeout: "40ms" });
  const operations: string[] = [];
  at.login.on("storeFailed", ({ operation }) => void operations.push(operation));
  for (const verb of ["regenerate", "destroy"] as const) {
    at.app.post(`/${verb}`, (req, res, next) => {
      req.session[verb]((error?: unknown) => (error ? next(error) : res.send("done")));
    });
  }
  at.app.post("/saved", (req, res, next) => {
    req.session.note = "changed";
    req.session.save((error?: unknown) => (error ? next(error) : res.send("done")));
  });
  at.app.get("/who", async (_req, res) => void res.json(((await currentUser()) as { name?: string }).name ?? null));
  const origin = await serve(at.app);
  const { cookie } = await send(origin, "POST /login/1", { json: { remember: true } });
  const ask = ({ line, json, cookie: part }: Deed, given = cookie): Promise<RawAnswer> =>
    send(origin, line, { cookie: part ? part(given) : given, ...(json ? { json } : {}) });
  const sessionsOf = async (id: string) => (await storedSessions(tampered.inner, id)).length;
  const tokensOf = async (id: string) => (await storedBrowsers(tampered.inner, id)).length;
  return { ...at, tampered, operations, origin, cookie, ask, sessionsOf, tokensOf };
}

describe("each call to the store, going wrong", () => {
  expectNoUnhandledRejections();
  let clock: sinon.SinonFakeTimers;
  beforeEach(() => {
    clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
  });
  afterEach(() => sinon.restore());

  /** The calls that a deed comes to when all goes well. */
  async function callsOf(deed: Deed): Promise<Verb[]> {
    const { tampered, ask } = await faulty();
    clock.tick(deed.after ?? 0);
    tampered.calls = [];
    const { status } = await ask(deed);
    expect(status, deed.line).to.equal(200);
    return tampered.calls;
  }

  async function tryAt(deed: Deed, at: number, verb: Verb, tampering: Tampering): Promise<void> {
    const what = `${deed.line}, at ${verb}, call ${at + 1}`;
    const { tampered, operations, origin, cookie, ask, sessionsOf, tokensOf } = await faulty();
    clock.tick(deed.after ?? 0);
    tampered.arm(at, tampering);
    const answer = await ask(deed);
    const { calls } = tampered;
    const waits = deed.waits ?? !(verb === "touch");
    expect(calls[at], what).to.equal(verb);
    expect(answer.status, what).to.equal(waits || verb === "read" ? 503 : 200);
    expect(only("sid", answer.cookie), `${what}: no cookie for what is not there`).to.equal(undefined);

    await tampered.mend();
    if (waits || operations.length > 0) expect(operations, what).to.include(verb.replace(/^\w+\./, ""));
    expect(await sessionsOf("2"), `${what}: nobody is logged in by it`).to.equal(0);
    expect(await tokensOf("2"), `${what}: nor remembered`).to.equal(0);
    expect(await sessionsOf("1"), `${what}: no login is left behind`).to.be.at.most(1);
    expect(await tokensOf("1"), what).to.be.at.most(1);
    const who = await send(origin, "GET /who", { cookie });
    expect(["Ann", null], `${what}: ${who.text}`).to.include(JSON.parse(who.text));

    const again = await send(origin, "POST /logout", { cookie });
    expect(again.status, `${what}: it can be ended`).to.equal(200);
    expect([await sessionsOf("1"), (await send(origin, "GET /me", { cookie })).status], what).to.eql([0, 401]);
    expect((await send(origin, "POST /login/1")).status, `${what}: and begun anew`).to.equal(200);
  }

  for (const [how, tampering] of Object.entries(tamperings)) {
    for (const [what, deed] of Object.entries(deeds)) {
      it(`${what}, each of whose calls ${how}: 503, no cookie, no login left behind`, async () => {
        const calls = await callsOf(deed);
        expect(calls).not.to.eql([]);
        for (const [at, verb] of calls.entries()) await tryAt(deed, at, verb, tampering);
      });
    }
  }
});
