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

/** One request of a browser that has the cookies of Ann's remembered login. */
interface Deed {
  line: string;
  json?: object;
  /** Chooses which of the cookies to send. The default is all of them. */
  cookie?(given: string): string;
  /** Milliseconds between the login and the request. After a minute, a touch is due. */
  after?: number;
  /** False if the response does not wait for the last call to the store. */
  waits?: false;
}

const deeds: Record<string, Deed> = {
  "a first login": { line: "POST /login/2", json: { remember: true }, cookie: () => "" },
  "a login in another user's session": { line: "POST /login/2", json: { remember: true } },
  "a repeated login": { line: "POST /login/1", json: { remember: true } },
  "a confirmation": { line: "POST /confirm" },
  "a logout": { line: "POST /logout" },
  "a restored login": { line: "GET /me", cookie: (given) => only("remember", given) },
  "a regenerated session": { line: "POST /regenerate" },
  "a change that is saved after the handler": { line: "POST /note/changed" },
  "a change that the handler saves": { line: "POST /saved" },
  "a destroyed session": { line: "POST /destroy" },
  "a touch": { line: "GET /me", after: 61_000, waits: false },
};

/** A site whose store can fail at one call. Ann is logged in and remembered. */
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

describe("a fault at each call to the store", () => {
  expectNoUnhandledRejections();
  let clock: sinon.SinonFakeTimers;
  beforeEach(() => {
    clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
  });
  afterEach(() => sinon.restore());

  /** Returns the calls that the request makes when the store works. */
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
    expect(only("sid", answer.cookie), `${what}: sets no session cookie`).to.equal(undefined);

    await tampered.mend();
    if (waits || operations.length > 0) expect(operations, what).to.include(verb.replace(/^\w+\./, ""));
    expect(await sessionsOf("2"), `${what}: Bob is not logged in`).to.equal(0);
    expect(await tokensOf("2"), `${what}: Bob's browser is not remembered`).to.equal(0);
    expect(await sessionsOf("1"), `${what}: no extra session is left`).to.be.at.most(1);
    expect(await tokensOf("1"), what).to.be.at.most(1);
    const who = await send(origin, "GET /who", { cookie });
    expect(["Ann", null], `${what}: ${who.text}`).to.include(JSON.parse(who.text));

    const again = await send(origin, "POST /logout", { cookie });
    expect(again.status, `${what}: a logout works`).to.equal(200);
    expect([await sessionsOf("1"), (await send(origin, "GET /me", { cookie })).status], what).to.eql([0, 401]);
    expect((await send(origin, "POST /login/1")).status, `${what}: a new login works`).to.equal(200);
  }

  for (const [how, tampering] of Object.entries(tamperings)) {
    for (const [what, deed] of Object.entries(deeds)) {
      it(`${what}, when a call ${how}: sends 503 (200 for a touch) and leaves no cookie or login`, async () => {
        const calls = await callsOf(deed);
        expect(calls).not.to.eql([]);
        for (const [at, verb] of calls.entries()) await tryAt(deed, at, verb, tampering);
      });
    }
  }
});
