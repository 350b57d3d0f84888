import { expect } from "chai";
import { type LoginInfo, MemoryStore, type SessionStore } from "latchkey";
import { backendsHere, type Opened } from "../support/backends.js";
import { interleaved, type Line, twoSites } from "../support/interleave.js";
import { countTrials, only, send } from "../support/raw-client.js";
import { endStoredSessions, storedBrowsers, storedSessions } from "../support/records.js";
import { soaking, trials } from "../support/trials.js";

const TRIALS = trials(1000, 60, 30);
const ON_BACKENDS = trials(200, 24);
const AT_ONCE = trials(1000, 200, 100);
const ELSEWHERE = { "user-agent": "elsewhere" };

type Sites = Awaited<ReturnType<typeof twoSites>>;

/** A request that uses the login while it is renamed. */
interface Act {
  line: string;
  headers?: Record<string, string>;
  /** Does the request have only the remember cookie? */
  restores?: true;
}

const acts: Record<string, Act> = {
  "a confirmation": { line: "POST /confirm" },
  "a password change": { line: "POST /password" },
  "a saved value": { line: "POST /note/kept" },
  "a change of the login": { line: "GET /me", headers: ELSEWHERE },
  "a restore": { line: "GET /me", restores: true },
  "a restore with a confirmation": { line: "POST /confirm", restores: true },
};

const ends: Record<string, (login: Entered) => Line> = {
  "a logout": ({ cookie }) => ({ line: "POST /logout", cookie }),
  "a revocation": ({ id }) => ({ line: `POST /end/1/${id}` }),
  "a revocation of all logins": () => ({ line: "POST /end/1" }),
};

interface Entered {
  cookie: string;
  id: string;
}

/** Ends the user's logins and logs in again. */
async function enter([{ origin, login }]: Sites, json: object): Promise<Entered> {
  await login.sessions.revokeAll("1");
  const { cookie } = await send(origin, "POST /login/1", { json: { label: "first", ...json } });
  const [listed] = await login.sessions.list("1");
  return { cookie, id: listed!.id };
}

/**
 * Runs a trial for every pair of store calls at which two requests may meet, again and again until there are enough.
 *
 * @param trial resolves with the problem that it found, or with null; with "past" if one of the requests has no such call
 */
async function atEveryCall(times: number, trial: (at: number, behind: number) => Promise<string | null>) {
  const wrong: string[] = [];
  let made = 0;
  for (let behind = 0; made < times; behind = (behind + 1) % 5) {
    for (let at = 1; made < times; at++) {
      const outcome = await trial(at, behind);
      if (outcome === "past") break;
      made++;
      if (outcome !== null) wrong.push(`call ${at}, ${behind} behind: ${outcome}`);
    }
  }
  return { made, wrong };
}

/** The label that the list shows, and the one that a restore brings back. */
async function labelsOf([{ login, store }]: Sites): Promise<Array<string | null>> {
  const shown = (await login.sessions.list("1")).map(({ label }) => label);
  if ((await storedBrowsers(store.inner, "1")).length === 0) return shown;
  await endStoredSessions(store.inner, "1");
  return [...shown, ...(await login.sessions.list("1")).map(({ label }) => label)];
}

async function left({ inner }: { inner: SessionStore }): Promise<number> {
  return (await storedSessions(inner, "1")).length + (await storedBrowsers(inner, "1")).length;
}

/** Renames the login while another request uses it. Resolves with the problem, or with null. */
async function whileActing(sites: Sites, act: Act, json: object, order: string, at: number, behind: number) {
  const entered = await enter(sites, json);
  const cookie = act.restores ? only("remember", entered.cookie) : entered.cookie;
  const acting: Line = { line: act.line, cookie, ...(act.headers && { headers: act.headers }) };
  const renaming: Line = { line: `POST /name/1/${entered.id}/second` };
  const pair = order === "within" ? ([acting, renaming] as const) : ([renaming, acting] as const);
  const answers = await interleaved(sites, pair, { at, behind });
  if (!answers) return "past";
  const [acted, renamed] = order === "within" ? answers : [answers[1], answers[0]];
  if (acted.status !== 200 || renamed.text !== "true") return `${acted.status} ${renamed.status} ${renamed.text}`;
  const own = acted.cookie || cookie;
  if (act.line.includes("note")) {
    const note = await send(sites[0].origin, "GET /note", { cookie: own });
    if (note.text !== '"kept"') return `lost the value: ${note.text}`;
  }
  const me = await send(sites[0].origin, "GET /me", { cookie: own, headers: act.headers ?? {} });
  const isFresh = (JSON.parse(me.text) as { fresh: boolean }).fresh;
  if (isFresh !== (act.headers === undefined && (!act.restores || act.line.includes("confirm"))))
    return `fresh: ${isFresh}`;
  const labels = await labelsOf(sites);
  return labels.length > 0 && labels.every((label) => label === "second") ? null : JSON.stringify(labels);
}

/** Renames the login while another request ends it. Resolves with the problem, or with null. */
async function whileEnding(sites: Sites, end: (login: Entered) => Line, order: string, at: number, behind: number) {
  const entered = await enter(sites, { remember: true });
  const renaming: Line = { line: `POST /name/1/${entered.id}/second` };
  const pair = order === "within" ? ([end(entered), renaming] as const) : ([renaming, end(entered)] as const);
  const answers = await interleaved(sites, pair, { at, behind });
  if (!answers) return "past";
  const statuses = answers.map(({ status }) => status).join();
  if (statuses !== "200,200") return statuses;
  const records = await left(sites[0].store);
  const { status } = await send(sites[0].origin, "GET /me", { cookie: entered.cookie });
  return records === 0 && status === 401 ? null : `${records} records left, ${status}`;
}

async function twoSitesInMemory(): Promise<Sites> {
  const store = new MemoryStore();
  return twoSites([store, store]);
}

const here = await backendsHere(
  ...(soaking ? ["redis", "sql on pg"] : ["redis", "sql on pg", "sql on better-sqlite3"]),
);

describe("a login that is renamed", () => {
  for (const order of ["within", "around"]) {
    for (const [what, act] of Object.entries(acts)) {
      for (const json of act.restores ? [{ remember: true }] : [{ remember: true }, {}]) {
        const kind = "remember" in json ? "remembered login" : "login";
        it(`keeps the new label, and loses nothing else, ${order} ${what} of a ${kind} (${TRIALS} times)`, async () => {
          const sites = await twoSitesInMemory();
          const trial = (at: number, behind: number) => whileActing(sites, act, json, order, at, behind);
          expect(await atEveryCall(TRIALS, trial)).to.deep.equal({ made: TRIALS, wrong: [] });
        });
      }
    }

    for (const [what, end] of Object.entries(ends)) {
      it(`is not brought back ${order} ${what} (${TRIALS} times)`, async () => {
        const sites = await twoSitesInMemory();
        const trial = (at: number, behind: number) => whileEnding(sites, end, order, at, behind);
        expect(await atEveryCall(TRIALS, trial)).to.deep.equal({ made: TRIALS, wrong: [] });
      });
    }
  }

  it(`by two devices at once has one label, in the session and in the browser's record (${TRIALS} times)`, async () => {
    const sites = await twoSitesInMemory();
    const trial = async (at: number, behind: number) => {
      const { id } = await enter(sites, { remember: true });
      const pair = ["a", "b"].map((label): Line => ({ line: `POST /name/1/${id}/${label}` })) as [Line, Line];
      const answers = await interleaved(sites, pair, { at, behind });
      if (!answers) return "past";
      const labels = await labelsOf(sites);
      return /^\["(a|b)","\1"\]$/.test(JSON.stringify(labels)) ? null : JSON.stringify(labels);
    };
    expect(await atEveryCall(TRIALS, trial)).to.deep.equal({ made: TRIALS, wrong: [] });
  });

  it(`while eight requests save values and one confirms it keeps all of them (${AT_ONCE} times)`, async () => {
    const [site] = await twoSitesInMemory();
    const { origin, login, store, app, byId } = site;
    app.get("/all", (req, res) => void res.json(req.session));
    store.before = async () => {
      for (let hops = Math.floor(Math.random() * 4); hops > 0; hops--) await new Promise((done) => setImmediate(done));
    };
    const right = await countTrials(AT_ONCE, async (trial) => {
      const user = `u${trial}`;
      byId.set(user, Object.assign(Object.create(Object.getPrototypeOf(byId.get("1"))), byId.get("1"), { id: user }));
      const { cookie } = await send(origin, `POST /login/${user}`);
      const [{ id }] = (await login.sessions.list(user)) as [LoginInfo];
      const keys = Array.from({ length: 8 }, (_, i) => `k${i}`);
      await Promise.all([
        ...keys.map((key) => send(origin, `POST /keep/${key}/x`, { cookie })),
        login.sessions.rename(user, id, "second"),
      ]);
      const confirming = send(origin, "POST /confirm", { cookie });
      const [confirmed] = await Promise.all([confirming, login.sessions.rename(user, id, "third")]);
      const kept = JSON.parse((await send(origin, "GET /all", { cookie: confirmed.cookie })).text) as object;
      const [{ label }] = (await login.sessions.list(user)) as [LoginInfo];
      return label === "third" && keys.every((key) => Object.hasOwn(kept, key));
    });
    expect(right).to.equal(AT_ONCE);
  });

  for (const { name, open } of here) {
    describe(`in two processes on ${name}`, () => {
      let opened: Opened;
      let sites: Sites;
      beforeEach(async () => {
        opened = await open();
        sites = await twoSites([opened.store, await opened.another!()]);
      });
      afterEach(() => opened?.close());

      for (const order of ["within", "around"]) {
        it(`keeps the new label, and loses nothing else, ${order} each request (${ON_BACKENDS} times each)`, async () => {
          for (const [what, act] of Object.entries(acts)) {
            const trial = (at: number, behind: number) =>
              whileActing(sites, act, { remember: true }, order, at, behind);
            expect(await atEveryCall(ON_BACKENDS, trial), what).to.deep.equal({ made: ON_BACKENDS, wrong: [] });
          }
        });

        it(`is not brought back ${order} the end of the login (${ON_BACKENDS} times each)`, async () => {
          for (const [what, end] of Object.entries(ends)) {
            const trial = (at: number, behind: number) => whileEnding(sites, end, order, at, behind);
            expect(await atEveryCall(ON_BACKENDS, trial), what).to.deep.equal({ made: ON_BACKENDS, wrong: [] });
          }
        });
      }
    });
  }
});
