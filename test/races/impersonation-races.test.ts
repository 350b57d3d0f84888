import { expect } from "chai";
import type { SessionAuth, SessionStore, StoredRecord } from "latchkey";
import { backendsHere, type Opened } from "../support/backends.js";
import { Gate } from "../support/barrier.js";
import { impersonationSite, type Who } from "../support/impersonation-site.js";
import { interleaved, type Line } from "../support/interleave.js";
import { only, type RawAnswer, send } from "../support/raw-client.js";
import { storedSessions } from "../support/records.js";
import { trials } from "../support/trials.js";
import { WatchedStore } from "../support/watched-store.js";

const here = await backendsHere("memory", "redis", "sql on pg");

type Site = Awaited<ReturnType<typeof impersonationSite>>;
type Sites = [Site, Site];

/** A request that runs at the same time as `/as/2` or `/stop`, and who may be logged in when both have ended. */
interface Other {
  line(cookie: string, loginId: string): Line;
  after: string[];
  /** Must both requests read their sessions first? Otherwise, the second one would come with a cookie that has ended. */
  readFirst?: true;
}

const ANN = "Ann";
const BOB = "Bob by Ann";
const NOBODY = "";

const whileBegins: Record<string, Other> = {
  "a logout": { line: (cookie) => ({ line: "POST /logout", cookie }), after: [NOBODY], readFirst: true },
  "a revocation of the administrator's login": {
    line: (_, id) => ({ line: `POST /revoke-login/1/${id}` }),
    after: [NOBODY],
  },
  "a revocation of the administrator's logins": { line: () => ({ line: "POST /revoke-logins/1" }), after: [NOBODY] },
  "a revocation of the user's logins": { line: () => ({ line: "POST /revoke-logins/2" }), after: [NOBODY, BOB] },
  "a new stamp of the administrator": { line: () => ({ line: "POST /stamp/1" }), after: [NOBODY] },
  "a new stamp of the user": { line: () => ({ line: "POST /stamp/2" }), after: [NOBODY, BOB] },
  "another impersonation": { line: (cookie) => ({ line: "POST /as/2", cookie }), after: [BOB], readFirst: true },
  // In a remembered browser, the impersonation ends the browser's record, and with it the session of a confirmation
  // that was faster. Then nobody is logged in.
  "a confirmation": {
    line: (cookie) => ({ line: "POST /confirm", cookie }),
    after: [ANN, BOB, NOBODY],
    readFirst: true,
  },
  "another login": { line: (cookie) => ({ line: "POST /login/1", cookie }), after: [ANN], readFirst: true },
};
const whileStops: Record<string, Other> = {
  ...(Object.fromEntries(
    Object.entries(whileBegins).filter(([name]) => /logout|the administrator/.test(name)),
  ) as typeof whileBegins),
  "a revocation of the user's logins": { line: () => ({ line: "POST /revoke-logins/2" }), after: [NOBODY, ANN] },
  "a new stamp of the user": { line: () => ({ line: "POST /stamp/2" }), after: [NOBODY, ANN] },
  "another stop": { line: (cookie) => ({ line: "POST /stop", cookie }), after: [ANN] },
  "a request of the user": { line: (cookie) => ({ line: "GET /who", cookie }), after: [ANN] },
};
const suites = [
  { verb: "/as/2", others: whileBegins },
  { verb: "/stop", others: whileStops },
];

async function twoSites(stores: [SessionStore, SessionStore]): Promise<Sites> {
  const [one, two] = stores.map((inner) => new WatchedStore(inner)) as [WatchedStore, WatchedStore];
  const first = await impersonationSite({ store: one });
  const second = await impersonationSite({ store: two });
  first.byId.forEach((person, id) => void second.byId.set(id, person));
  return [first, second];
}

/** Logs Ann in, and lets her act as Bob if the verb ends that. Returns the cookies and the id of Ann's login. */
async function enter([{ origin, login }]: Sites, verb: string, remember: boolean) {
  for (const id of ["1", "2"]) await login.sessions.revokeAll(id);
  const { cookie } = await send(origin, "POST /login/1", { json: { remember } });
  const [own] = await login.sessions.list("1");
  const before = verb === "/stop" ? (await send(origin, "POST /as/2", { cookie })).cookie : cookie;
  return { cookie: before, cookies: [cookie, before], loginId: own!.id };
}

/** Runs both requests at once, with random pauses before their calls to the store. */
async function atOnce(sites: Sites, lines: [Line, Line], readFirst: boolean): Promise<[RawAnswer, RawAnswer]> {
  const gate = new Gate();
  for (const { store } of sites) {
    let calls = 0;
    store.before = async () => {
      if (++calls === 2 && readFirst) await gate.pass();
      for (let hops = Math.floor(Math.random() * 8); hops > 0; hops--) await new Promise(setImmediate);
    };
  }
  const sending = lines.map((line, i) => send(sites[i]!.origin, line.line, line));
  await Promise.race([gate.arrived(2), ...sending]);
  gate.open();
  const answers = await Promise.all(sending);
  for (const { store } of sites) store.before = () => undefined;
  return answers as [RawAnswer, RawAnswer];
}

/** Returns what is wrong after both requests; null if nothing is. */
async function judge(sites: Sites, tried: string[], [first, second]: [RawAnswer, RawAnswer], other: Other) {
  const [{ origin, store }] = sites;
  const cookies = [...tried, first.cookie, second.cookie].filter(Boolean);
  const sids = new Set(cookies.filter((cookie) => cookie.includes("sid=")).map((cookie) => only("sid", cookie)));
  const found: string[] = [];
  const visit = async (cookie: string) => {
    const { user, impersonator } = JSON.parse((await send(origin, "GET /who", { cookie })).text) as Who;
    if (user !== null) found.push(impersonator === null ? user : `${user} by ${impersonator}`);
  };
  for (const sid of sids) await visit(sid);
  const stored = (await Promise.all(["1", "2"].map((id) => storedSessions(store.inner, id)))).flat();
  const ids = stored.map(({ id }) => id);
  const used = found.reduce((count, one) => count + (one === BOB ? 2 : 1), 0);
  // A parked session whose impersonation was revoked before it had begun stays until its idle timeout. Nobody can use it.
  const isOrphan = ({ data }: StoredRecord) => {
    const { parked } = data.auth as unknown as SessionAuth;
    return parked !== undefined && !ids.includes(parked.session);
  };
  if (stored.filter((record) => !isOrphan(record)).length !== used)
    return `${stored.length} sessions in the store for [${found}]`;
  for (const cookie of cookies) if (cookie.includes("remember=")) await visit(cookie);
  const after = [...new Set(found)].join(" and ");
  return other.after.includes(after) ? null : `${after || "nobody"} is logged in`;
}

describe("an impersonation that begins or stops while", () => {
  for (const { name, open } of here) {
    const many = name === "memory" ? trials(1000, 60, 20) : trials(200, 8);

    describe(`on ${name}`, () => {
      let opened: Opened;
      let sites: Sites;
      before(async () => {
        opened = await open();
      });
      beforeEach(async () => {
        sites = await twoSites([opened.store, (await opened.another?.()) ?? opened.store]);
      });
      after(() => opened?.close());

      for (const { verb, others } of suites) {
        for (const [what, other] of Object.entries(others)) {
          it(`${what} runs: ${verb} at every store call, in both orders`, async () => {
            const wrong: string[] = [];
            for (const [order, remember] of [0, 1].flatMap((order) =>
              [false, true].map((yes) => [order, yes] as const),
            )) {
              for (let at = other.readFirst ? 2 : 1, goes = true; goes; at++) {
                const { cookie, cookies, loginId } = await enter(sites, verb, remember);
                const lines: [Line, Line] = [{ line: `POST ${verb}`, cookie }, other.line(cookie, loginId)];
                if (order === 1) lines.reverse();
                const behind = other.readFirst ? 1 : 0;
                const answers = await interleaved(sites, lines, { at, behind });
                goes = answers !== null;
                const problem = answers && (await judge(sites, cookies, answers, other));
                if (problem) wrong.push(`order ${order}, remembered ${remember}, call ${at}: ${problem}`);
              }
            }
            expect(wrong).to.eql([]);
          });

          it(`${what} runs: ${verb}, at random (${many} trials)`, async () => {
            const wrong: Record<string, number> = {};
            for (let n = 0; n < many; n++) {
              const { cookie, cookies, loginId } = await enter(sites, verb, n % 4 === 0);
              const lines: [Line, Line] = [{ line: `POST ${verb}`, cookie }, other.line(cookie, loginId)];
              const answers = await atOnce(sites, lines, other.readFirst === true);
              const problem = await judge(sites, cookies, answers, other);
              if (problem) wrong[problem] = (wrong[problem] ?? 0) + 1;
            }
            expect(wrong).to.eql({});
          });
        }
      }
    });
  }
});
