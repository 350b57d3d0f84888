import { expect } from "chai";
import { MemoryStore } from "latchkey";
import { backendsHere, type Opened, SQL } from "../support/backends.js";
import { interleaved, type Line, twoSites, usable } from "../support/interleave.js";
import { only, send } from "../support/raw-client.js";
import { soaking, trials } from "../support/trials.js";

const TRIALS = trials(1000, 30);
const ON_BACKENDS = trials(1000, 8);
const here = await backendsHere(...(soaking ? [] : ["memory", "redis", "postgres", "sqlite", ...SQL]));

type Sites = Awaited<ReturnType<typeof twoSites>>;

/** Requests that end a login, given its cookies and id. */
const ends: Record<string, (cookie: string, id: string) => Line> = {
  "a logout": (cookie) => ({ line: "POST /logout", cookie }),
  "a revocation": (_cookie, id) => ({ line: `POST /end/1/${id}` }),
  "a revocation of all logins": () => ({ line: "POST /end/1" }),
};

/** Requests that move a login to another session. */
const moves: Record<string, (cookie: string) => Line> = {
  "a confirmation": (cookie) => ({ line: "POST /confirm", cookie }),
  "a password change": (cookie) => ({ line: "POST /password", cookie }),
};

/** `within`: the ending request runs while the moving request is stopped at a store call. `around`: the reverse. */
const orders = ["within", "around"] as const;

function ordered(order: (typeof orders)[number], moving: Line, ending: Line): [Line, Line] {
  return order === "within" ? [moving, ending] : [ending, moving];
}

function twoSitesInMemory(): Promise<Sites> {
  const store = new MemoryStore();
  return twoSites([store, store]);
}

/** Ends the user's logins and logs in again. Returns the cookies and the id of the new login. */
async function enter([{ origin, login }]: Sites, json: object): Promise<{ cookie: string; id: string }> {
  await login.sessions.revokeAll("1");
  const { cookie } = await send(origin, "POST /login/1", { json });
  const [only] = await login.sessions.list("1");
  return { cookie, id: only!.id };
}

/**
 * Runs a trial at each store call of a request, and starts again at the first call until there are enough trials.
 * Returns the number of trials and the problems found.
 *
 * @param trial receives the number of the call (from 1), of trials so far, and of completed rounds over all calls
 */
async function atEveryCall(trial: (at: number, n: number, round: number) => Promise<string | null>) {
  const wrong: string[] = [];
  let made = 0;
  let round = 0;
  for (let at = 1; made < TRIALS; at++) {
    const outcome = await trial(at, made, round);
    if (outcome === "past") {
      at = 0;
      round++;
    } else if (outcome !== "skipped") made++;
    if (outcome && outcome !== "past" && outcome !== "skipped") wrong.push(`at call ${at}: ${outcome}`);
  }
  return { made, wrong: [...new Set(wrong)] };
}

describe("ending a login while it moves to another session", () => {
  for (const [ending, end] of Object.entries(ends)) {
    for (const [moving, move] of Object.entries(moves)) {
      for (const order of orders) {
        it(`${ending} ${order} ${moving}, at every store call, leaves no login (${TRIALS} trials)`, async () => {
          const sites = await twoSitesInMemory();
          const { made, wrong } = await atEveryCall(async (at, n) => {
            const { cookie, id } = await enter(sites, { remember: n % 2 === 1 });
            const lines = ordered(order, move(cookie), end(cookie, id));
            // A logout cannot find the login if its session id has ended, so both requests read their sessions first.
            const isLogout = ending === "a logout";
            const behind = isLogout ? 1 : (n >> 1) % 3;
            if (isLogout && at === 1) return "skipped";
            const answers = await interleaved(sites, lines, { at, behind });
            if (!answers) return "past";
            const left = await usable(sites[1].origin, [cookie, ...answers.map((answer) => answer.cookie)]);
            const listed = await sites[0].login.sessions.list("1");
            return left.length + listed.length === 0
              ? null
              : `${left.length} usable cookies, ${listed.length} listed logins`;
          });
          expect([made, wrong]).to.eql([TRIALS, []]);
        });
      }
    }
  }

  for (const [ending, end] of Object.entries(ends)) {
    for (const order of orders) {
      it(`${ending} ${order} a restore, at every store call, leaves no login (${TRIALS} trials)`, async () => {
        const sites = await twoSitesInMemory();
        const { made, wrong } = await atEveryCall(async (at, _n, round) => {
          const { cookie, id } = await enter(sites, { remember: true });
          const restore = { line: "GET /me", cookie: only("remember", cookie) };
          const answers = await interleaved(sites, ordered(order, restore, end(cookie, id)), { at, behind: round % 4 });
          if (!answers) return "past";
          const left = await usable(sites[1].origin, [cookie, ...answers.map((answer) => answer.cookie)]);
          const listed = await sites[0].login.sessions.list("1");
          return left.length + listed.length === 0
            ? null
            : `${left.length} usable cookies, ${listed.length} listed logins`;
        });
        expect([made, wrong]).to.eql([TRIALS, []]);
      });
    }
  }

  for (const order of orders) {
    it(`a revocation of all logins ${order} a login ends the browser's record if it ends the session`, async () => {
      const sites = await twoSitesInMemory();
      const { made, wrong } = await atEveryCall(async (at, _n, round) => {
        await enter(sites, { remember: true });
        const lines = ordered(order, { line: "POST /enter/1/1" }, { line: "POST /end/1" });
        const answers = await interleaved(sites, lines, { at, behind: round % 4 });
        if (!answers) return "past";
        const { cookie } = order === "within" ? answers[0] : answers[1];
        if (cookie === "" || (await usable(sites[1].origin, [only("sid", cookie)])).length > 0) return null;
        return (await usable(sites[1].origin, [only("remember", cookie)])).length > 0
          ? "the remember cookie restores the login"
          : null;
      });
      expect([made, wrong]).to.eql([TRIALS, []]);
    });

    it(`a password reset ${order} a login with the old password leaves no usable cookie (${TRIALS} trials)`, async () => {
      const sites = await twoSitesInMemory();
      const { made, wrong } = await atEveryCall(async (at, _n, round) => {
        const { cookie } = await enter(sites, { remember: true });
        const { stamp } = sites[0].ann;
        const lines = ordered(order, { line: `POST /enter/1/${stamp}` }, { line: "POST /reset/1" });
        const answers = await interleaved(sites, lines, { at, behind: round % 4 });
        if (!answers) return "past";
        const left = await usable(sites[1].origin, [cookie, ...answers.map((answer) => answer.cookie)]);
        return left.length === 0 ? null : `${left.length} usable cookies`;
      });
      expect([made, wrong]).to.eql([TRIALS, []]);
    });
  }

  it("a revocation of all other logins keeps the current one while another tab confirms it", async () => {
    const sites = await twoSitesInMemory();
    const { made, wrong } = await atEveryCall(async (at, n) => {
      const { cookie } = await enter(sites, { remember: n % 2 === 1 });
      const other = (await send(sites[0].origin, "POST /login/1", { json: { remember: true } })).cookie;
      const lines = [
        { line: "POST /confirm", cookie },
        { line: "POST /revoke-all?except=current", cookie },
      ] as const;
      const answers = await interleaved(sites, lines, { at, behind: n % 3 });
      if (!answers) return "past";
      const own = await usable(
        sites[1].origin,
        answers.map((answer) => answer.cookie),
      );
      const others = await usable(sites[1].origin, [other]);
      const left = answers[1].status === 200 ? 0 : 2; // otherwise the request came after the old session ended
      return own.length > 0 && others.length === left ? null : `own ${own.length}, others ${others.length} of ${left}`;
    });
    expect([made, wrong]).to.eql([TRIALS, []]);
  });

  for (const { name, open } of here) {
    describe(`on ${name}`, () => {
      let opened: Opened;
      before(async () => {
        opened = await open();
      });
      after(() => opened?.close());

      for (const [ending, end] of Object.entries(ends)) {
        it(`${ending} and a concurrent confirmation leave no login (${ON_BACKENDS} trials)`, async () => {
          const sites = await twoSites([opened.store, (await opened.another?.()) ?? opened.store]);
          const left: string[] = [];
          const statuses = new Set<number>();
          let counted = 0;
          for (let trial = 0; counted < ON_BACKENDS; trial++) {
            const { cookie, id } = await enter(sites, { remember: trial % 3 === 0 });
            sites[1].told.length = 0;
            const { line, ...given } = end(cookie, id);
            const answers = await Promise.all([
              pause().then(() => send(sites[0].origin, "POST /confirm", { cookie })),
              pause().then(() => send(sites[1].origin, line, given)),
            ]);
            statuses.add(answers[0].status);
            // A logout after the old session had ended does not count.
            if (!sites[1].told.some((one) => one !== "loginEnded")) continue;
            counted++;
            left.push(...(await usable(sites[0].origin, [cookie, ...answers.map((answer) => answer.cookie)])));
          }
          expect(left).to.eql([]);
          expect([...statuses].filter((status) => status !== 200 && status !== 401)).to.eql([]);
        });
      }
    });
  }
});

function pause(): Promise<unknown> {
  return new Promise((resolve) => setTimeout(resolve, Math.random() * 3));
}
