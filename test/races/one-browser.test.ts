import { expect } from "chai";
import { MemoryStore, type StoredRecord } from "latchkey";
import { interleaved, type Line, twoSites } from "../support/interleave.js";
import { only, type RawAnswer, send } from "../support/raw-client.js";
import { storedBrowsers, storedSessions } from "../support/records.js";
import { isQuick, leaveToTestAll } from "../support/tier.js";

/** How many calls the second request may be behind the first one, plus one. */
const FARTHEST = isQuick ? 2 : 4;

/** The cookies of a remembered browser, and the id of its login. */
interface Cookies {
  sid: string;
  remember: string;
  /** The previous remember cookie, if it restored the login within the last minute. */
  previous?: string;
  id: string;
}

/** Requests that move a login to a new session, sent with some of the browser's cookies. */
const moves: Record<string, (cookies: Cookies) => Line | null> = {
  "a restore": ({ remember }) => ({ line: "GET /me", cookie: remember }),
  "a restore with the previous token": ({ previous }) => (previous ? { line: "GET /me", cookie: previous } : null),
  "a confirmation": ({ sid, remember }) => ({ line: "POST /confirm", cookie: `${sid}; ${remember}` }),
  "a confirmation with the remember cookie alone": ({ remember }) => ({ line: "POST /confirm", cookie: remember }),
  "a confirmation with the previous token": ({ previous }) =>
    previous ? { line: "POST /confirm", cookie: previous } : null,
};
const changes: typeof moves = {
  ...moves,
  "a password change with the remember cookie alone": ({ remember }) => ({ line: "POST /password", cookie: remember }),
};
/** Requests that end a login. The logout has no session cookie, so it does not know which session the login has. */
const ends: Record<string, (cookies: Cookies) => Line> = {
  "a logout with the remember cookie alone": ({ remember }) => ({ line: "POST /logout", cookie: remember }),
  "a revocation": ({ id }) => ({ line: `POST /end/1/${id}` }),
  "a revocation of all logins": () => ({ line: "POST /end/1" }),
};

type Sites = Awaited<ReturnType<typeof twoSites>>;

async function rememberedBrowser(sites: Sites, isRestored: boolean): Promise<Cookies> {
  sites[0].ann.stamp = "1";
  await sites[0].login.sessions.revokeAll("1");
  const { origin, login } = sites[0];
  const { cookie } = await send(origin, "POST /login/1", { json: { remember: true } });
  const [{ id } = { id: "" }] = await login.sessions.list("1");
  const given = { sid: only("sid", cookie), remember: only("remember", cookie), id };
  if (!isRestored) return given;
  const restored = (await send(origin, "GET /me", { cookie: given.remember })).cookie;
  return { sid: only("sid", restored), remember: only("remember", restored), previous: given.remember, id };
}

/** Checks what two requests left in the store. Returns a description of the problem, or null. */
type Judge = (sessions: StoredRecord[], browsers: StoredRecord[], answers: [RawAnswer, RawAnswer]) => string | null;

/** Interleaves two requests at every store call. Returns the number of trials and the problems found. */
async function tried(
  first: (cookies: Cookies) => Line | null,
  second: (cookies: Cookies) => Line | null,
  judge: Judge,
): Promise<{ made: number; wrong: string[] }> {
  const store = new MemoryStore();
  const sites = await twoSites([store, store]);
  const wrong: string[] = [];
  let made = 0;
  for (const isRestored of [false, true]) {
    for (let behind = 0; behind < FARTHEST; behind++) {
      for (let at = 1; ; at++) {
        const cookies = await rememberedBrowser(sites, isRestored);
        const lines = [first(cookies), second(cookies)] as const;
        if (!lines[0] || !lines[1]) break;
        const answers = await interleaved(sites, lines as readonly [Line, Line], { at, behind });
        if (!answers) break;
        made++;
        const found = judge(await storedSessions(store, "1"), await storedBrowsers(store, "1"), answers);
        if (found) wrong.push(`${isRestored ? "restored, " : ""}at call ${at}, ${behind} calls behind: ${found}`);
      }
    }
  }
  return { made, wrong };
}

describe("two concurrent requests of one remembered browser", () => {
  if (isQuick) leaveToTestAll("requests of one browser that are two or three store calls apart");
  for (const [one, first] of Object.entries(moves)) {
    for (const [other, second] of Object.entries(moves)) {
      it(`${one} and ${other} leave at most one session, and the browser's record names it`, async () => {
        const { made, wrong } = await tried(first, second, (sessions, browsers, answers) => {
          const named = browsers.flatMap(({ data }) => data.sessions as string[]);
          if (sessions.length > 1)
            return `${sessions.length} sessions, statuses ${answers.map(({ status }) => status)}`;
          return sessions.every(({ id }) => named.includes(id))
            ? null
            : "the browser's record does not name the session";
        });
        expect(made).to.be.at.least(FARTHEST);
        expect(wrong).to.eql([]);
      });
    }
  }

  for (const [ending, end] of Object.entries(ends)) {
    for (const [changing, change] of Object.entries(changes)) {
      it(`${changing} and ${ending} leave no session and no browser record`, async () => {
        const judge: Judge = (sessions, browsers) =>
          sessions.length + browsers.length === 0 ? null : `${sessions.length} sessions, ${browsers.length} browsers`;
        // A successful password change invalidates the remember cookie. A logout with that cookie then ends nothing.
        const isTooLate = (answers: [RawAnswer, RawAnswer], of: 0 | 1) =>
          changing.startsWith("a password change") && ending.startsWith("a logout") && answers[of].status === 200;
        const within = await tried(change, end, (...left) => (isTooLate(left[2], 0) ? null : judge(...left)));
        const around = await tried(end, change, (...left) => (isTooLate(left[2], 1) ? null : judge(...left)));
        expect(within.made + around.made).to.be.at.least(FARTHEST);
        expect([within.wrong, around.wrong]).to.eql([[], []]);
      });
    }
  }
});
