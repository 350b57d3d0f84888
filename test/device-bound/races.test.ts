import { expect } from "chai";
import { backendsHere, type Opened } from "../support/backends.js";
import { DeviceBrowser, newKey, offerIn, proofOf } from "../support/device-browser.js";
import { DEVICE, deviceSite, settled } from "../support/device-site.js";
import { Person } from "../support/people.js";
import { countTrials } from "../support/raw-client.js";
import { storedSessions } from "../support/records.js";
import { trials } from "../support/trials.js";
import { WatchedStore } from "../support/watched-store.js";

const here = await backendsHere("memory", "redis", "sql on pg");
const TIMES = trials(1000, 60, 20);

describe("races of device-bound logins", () => {
  for (const { name, open } of here) {
    describe(`on ${name}`, () => {
      let opened: Opened;
      before(async () => {
        opened = await open();
      });
      after(() => opened?.close());

      async function twoProcesses() {
        const others = opened.another ? await opened.another() : opened.store;
        const sites = [
          await deviceSite({ store: new WatchedStore(opened.store) }),
          await deviceSite({ store: new WatchedStore(others) }),
        ] as const;
        const newPerson = (n: number, race: string) => {
          const person = new Person(`${race} ${n}`, `Person ${n}`);
          for (const site of sites) site.byId.set(person.id, person);
          return encodeURIComponent(person.id);
        };
        return { sites, newPerson };
      }

      /** The device of each record of a user. */
      async function devicesOf(id: string): Promise<Array<string | undefined>> {
        const userId = decodeURIComponent(id);
        const sessions = await storedSessions(opened.store, userId);
        const { records } = await opened.store.listByUser(userId, { kind: "browser", limit: 9 });
        const logins = [...sessions.map(({ data }) => data.auth), ...records.map(({ data }) => data.login)];
        return logins.map((login) => (login as { device?: { id: string } } | undefined)?.device?.id);
      }

      it(`of two registrations one wins, in all records of the login, ${TIMES} of ${TIMES} times`, async () => {
        const { sites, newPerson } = await twoProcesses();
        const won = await countTrials(TIMES, async (n) => {
          const id = newPerson(n, "register");
          const browser = new DeviceBrowser(sites[0].origin);
          browser.registers = false;
          const offer = offerIn(await browser.post(`/login/${id}`, { json: { remember: n % 2 === 0 } }))!;
          const cookie = await browser.copied();
          const answers = await Promise.all(
            [0, 1, 0, 1].map(async (at) => {
              const made = await newKey();
              const proof = await proofOf(offer.challenge, made, { jwk: made.jwk });
              return sites[at as 0]!.sendCopy(`POST ${offer.path}`, cookie, {
                headers: { "secure-session-response": proof },
              });
            }),
          );
          const accepted = answers.filter(({ status }) => status === 200);
          const devices = await devicesOf(id);
          const { session_identifier: winner } = JSON.parse(accepted[0]?.text ?? "{}") as {
            session_identifier?: string;
          };
          return (
            accepted.length === 1 &&
            answers.filter(({ status, cookie: set }) => status === 403 && set === "").length === 3 &&
            devices.length === (n % 2 === 0 ? 2 : 1) &&
            devices.every((device) => device === winner)
          );
        });
        expect(won).to.equal(TIMES);
      });

      it(`a confirmation during a registration keeps the device, or offers another one, ${TIMES} of ${TIMES} times`, async () => {
        const { sites, newPerson } = await twoProcesses();
        const kept = await countTrials(TIMES, async (n) => {
          const id = newPerson(n, "confirm");
          const browser = new DeviceBrowser(sites[0].origin);
          browser.registers = false;
          const answer = await browser.post(`/login/${id}`, { json: { remember: n % 2 === 0 } });
          const [registered, confirmed] = await Promise.all([browser.register(answer), browser.post("/confirm")]);
          await settled();
          const [session] = (await devicesOf(id)) as [string | undefined];
          const isKept = session !== undefined;
          const me = await browser.get("/me");
          return (
            me.status === 200 &&
            confirmed.status === 200 &&
            (isKept ? true : registered!.status !== 200 || offerIn(confirmed) !== null)
          );
        });
        expect(kept).to.equal(TIMES);
      });

      it(`a label, and the end of a login, outlast a registration and the first request, ${TIMES} of ${TIMES} times`, async () => {
        const { sites, newPerson } = await twoProcesses();
        const changes = ["rename", "revoke", "revokeAll", "stamp"] as const;
        const kept = await countTrials(TIMES, async (n) => {
          const [change, isEarly] = [changes[n % 4]!, n % 3 > 0];
          const id = newPerson(n, "end");
          const userId = decodeURIComponent(id);
          const browser = new DeviceBrowser(sites[0].origin);
          browser.registers = false;
          const answer = await browser.post(`/login/${id}`, { json: { remember: n % 2 === 0 } });
          const { sessions } = sites[1].login;
          const loginId = (await sessions.list(userId))[0]!.id;
          const changing = async () => {
            for (let turn = 0; turn < n % 7; turn++) await new Promise((resolve) => setImmediate(resolve));
            if (change === "rename") await sessions.rename(userId, loginId, "laptop");
            else if (change === "revoke") await sessions.revoke(userId, loginId);
            else if (change === "revokeAll") await sessions.revokeAll(userId);
            else for (const { byId } of sites) byId.get(userId)!.stamp = "2";
          };
          if (isEarly) await Promise.all([browser.register(answer), changing()]);
          else await browser.register(answer).then(() => Promise.all([browser.get("/me"), changing()]));
          await browser.get("/me");
          await settled();
          const { status } = await browser.get("/me");
          let logins = await sessions.list(userId);
          // The login is bound in the background, and if that fails, by the next request.
          for (let look = 0; look < 50 && logins[0]?.deviceBound === false; look++) {
            await browser.get("/me");
            logins = await sessions.list(userId);
          }
          if (change !== "rename") return status === 401 && logins.length === 0;
          return status === 200 && logins.length === 1 && logins[0]!.label === "laptop" && logins[0]!.deviceBound;
        });
        expect(kept).to.equal(TIMES);
      });

      it(`of two refreshes with one challenge one gets a cookie, ${TIMES} of ${TIMES} times`, async () => {
        const { sites } = await twoProcesses();
        const browser = await sites[0].bound();
        const once = await countTrials(
          TIMES,
          async () => {
            const session = [...browser.sessions.values()][0]!;
            const proof = await proofOf(session.challenge!, session);
            const headers = { "sec-secure-session-id": session.id, "secure-session-response": proof };
            const cookie = await browser.copied();
            const answers = await Promise.all(
              [0, 1, 0, 1].map((at) => sites[at as 0]!.sendCopy("POST /device-bound/refresh", cookie, { headers })),
            );
            const accepted = answers.filter(({ status }) => status === 200);
            session.challenge = /^"([^"]*)"/.exec(String(answers.at(-1)!.headers["secure-session-challenge"]))![1];
            return accepted.length === 1 && accepted[0]!.cookie.startsWith(DEVICE);
          },
          1,
        );
        expect(once).to.equal(TIMES);
      });

      it(`a logout during a refresh is final, ${TIMES} of ${TIMES} times`, async () => {
        const { sites } = await twoProcesses();
        const final = await countTrials(TIMES, async () => {
          const browser = await sites[0].bound();
          const copy = await browser.copied();
          const session = [...browser.sessions.values()][0]!;
          await Promise.all([browser.refresh(session), sites[1].sendCopy("POST /logout", copy)]);
          const refreshed = `${copy.replace(/__Host-device=[^;]*/, "")}; ${DEVICE}=${await browser.cookie(DEVICE)}`;
          const answers = await Promise.all([copy, refreshed].map((cookie) => sites[0].sendCopy("GET /me", cookie)));
          return answers.every(({ status }) => status === 401);
        });
        expect(final).to.equal(TIMES);
      });

      it(`five tabs make one refresh, and none is logged out, ${TIMES} of ${TIMES} times`, async () => {
        const { sites } = await twoProcesses();
        const served = await countTrials(TIMES, async (n) => {
          const browser = await sites[0].bound();
          if (n % 2 === 0) await browser.restart();
          const device = (await browser.jar.getCookies(sites[0].origin)).find(({ key }) => key === DEVICE)!;
          await browser.jar.setCookie(`${DEVICE}=; Max-Age=0; Path=/; Secure`, sites[0].origin);
          const answers = await Promise.all(Array.from({ length: 5 }, () => browser.get("/me")));
          const refreshes = browser.own.filter(([path, status]) => path.endsWith("/refresh") && status === 200);
          return device !== undefined && answers.every(({ status }) => status === 200) && refreshes.length === 1;
        });
        expect(served).to.equal(TIMES);
      });
    });
  }
});
