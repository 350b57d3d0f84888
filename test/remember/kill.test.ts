import { expect } from "chai";
import sinon from "sinon";
import { afterTest } from "../support/after-test.js";
import { backendsHere } from "../support/backends.js";
import { openedStore } from "../support/opened-store.js";
import { addCrowd } from "../support/people.js";
import { places, startSite } from "../support/processes.js";
import { send } from "../support/raw-client.js";
import { storedSessions } from "../support/records.js";
import { forgets, GRACE, rememberIn, rememberingSites } from "../support/remembered.js";
import { soaking, trials } from "../support/trials.js";

const ROUNDS = trials(100, 2);
const USERS = 8;
const BURST = 10;
const here = await backendsHere("sqlite", "postgres");

/** A browser's latest token, and the token of another browser of the same user, which stays unused. */
interface Remembered {
  id: string;
  token: string;
  other: string;
}

/**
 * Sends a burst of requests from each browser, and kills the process `delay` milliseconds after `answers` responses.
 * Resolves with the number of requests that got no response.
 */
async function killAmid(url: string, browsers: readonly Remembered[], answers: number, delay: number): Promise<number> {
  const { origin, kill } = await startSite(url);
  let cut = 0;
  let left = answers;
  let killed: Promise<void> | undefined;
  const requests = browsers.flatMap((browser) =>
    Array.from({ length: BURST }, async () => {
      const answer = await send(origin, "GET /me", { cookie: browser.token }).catch(() => null);
      if (!answer) return void cut++;
      expect(answer.status).to.equal(200);
      if (--left === 0) killed = new Promise((resolve) => setTimeout(() => resolve(kill()), delay));
    }),
  );
  await Promise.all(requests);
  await (killed ?? kill());
  return cut;
}

describe("a process that is killed while it restores remembered browsers", () => {
  afterEach(() => sinon.restore());

  for (const { name } of here) {
    it(`restores each browser or asks it to log in once, without an alarm, ${ROUNDS} times on ${name}`, async () => {
      const place = await places[name]!();
      afterTest(place.remove);
      const store = await openedStore(place.url);
      const at = await rememberingSites({ store });
      addCrowd(at.byId);
      const ends = { back: 0, asked: 0, cut: 0 };
      let rounds = 0;
      // On a busy machine the process may respond to all requests before it is killed. Then another round follows.
      for (let round = 0; round < ROUNDS || ends.cut === 0; round++) {
        rounds++;
        const browsers = await Promise.all(
          Array.from({ length: USERS }, async (_, n): Promise<Remembered> => {
            const id = String(10 + round * USERS + n);
            const [token, other] = await Promise.all([at.logIn({ id }), at.logIn({ id })]);
            return { id, token: token.remember, other: other.remember };
          }),
        );
        ends.cut += await killAmid(
          place.url,
          browsers,
          1 + Math.floor(Math.random() * USERS * BURST * 0.8),
          Math.random() * 4,
        );
        const clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
        const [soon, late] = [browsers.slice(0, USERS / 2), browsers.slice(USERS / 2)];
        const latest: Array<Remembered & { expected?: 200 }> = [...late];
        for (const browser of soon) {
          const answer = await at.me(browser.token);
          expect(answer.status, "within the grace period").to.equal(200);
          latest.push({ ...browser, token: rememberIn(answer) ?? browser.token, expected: 200 });
        }
        clock.tick(GRACE + 1);
        for (const { id, token, other, expected } of latest) {
          const answer = await at.me(token);
          if (answer.status === 200) {
            ends.back++;
            expect(await storedSessions(store, id)).to.have.lengthOf(2);
          } else {
            ends.asked++;
            expect([answer.status, forgets(answer), expected]).to.eql([401, true, undefined]);
            const again = await send(at.origin, `POST /login/${id}`, { json: { remember: true } });
            expect(await at.isIn(rememberIn(again)!)).to.equal(true);
          }
          expect(await at.isIn(other), "another device").to.equal(true);
        }
        expect(at.told.filter(({ event }) => event === "stolen")).to.eql([]);
        clock.restore();
      }
      expect(ends.back + ends.asked).to.equal(rounds * USERS);
      expect(ends.back).to.be.at.least((rounds * USERS) / 2);
      // With only two rounds, it is possible that no browser must log in again.
      if (soaking) expect(ends.asked, "some browsers must log in again").to.be.above(0);
    });
  }
});
