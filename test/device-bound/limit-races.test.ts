import { expect } from "chai";
import type { StoredRecord } from "latchkey";
import { backendsHere, type Opened } from "../support/backends.js";
import type { DeviceBrowser } from "../support/device-browser.js";
import { DEVICE, deviceSite, settled } from "../support/device-site.js";
import { Person } from "../support/people.js";
import { countTrials } from "../support/raw-client.js";
import { storedBrowsers, storedSessions } from "../support/records.js";
import { trials } from "../support/trials.js";
import { WatchedStore } from "../support/watched-store.js";

const here = await backendsHere("memory", "redis", "sql on pg");
const TIMES = trials(1000, 60, 20);
const MAX = 2;

interface HasLogin {
  loginId?: string;
  device?: { id: string; boundAt?: number };
}

describe("maxSessions and logins that are being bound", () => {
  for (const { name, open } of here) {
    describe(`on ${name}`, () => {
      let opened: Opened;
      before(async () => {
        opened = await open();
      });
      after(() => opened?.close());

      async function twoProcesses(onLimit: "end-oldest" | "refuse") {
        const others = opened.another ? await opened.another() : opened.store;
        const sites = [
          await deviceSite({ store: new WatchedStore(opened.store), maxSessions: MAX, onLimit }),
          await deviceSite({ store: new WatchedStore(others), maxSessions: MAX, onLimit }),
        ] as const;
        const newUser = (id: string) => {
          for (const site of sites) site.byId.set(id, new Person(id, id));
        };
        return { sites, newUser };
      }

      /** Logs in, registers a key and shows the cookie of the device. Then gets a first new cookie. */
      async function logInAndRefresh(browser: DeviceBrowser, id: string, remember: boolean): Promise<number> {
        const { status } = await browser.post(`/login/${id}`, { json: { remember } });
        if (status !== 200) return status;
        await browser.get("/me");
        await dropCookie(browser);
        await browser.get("/me");
        return status;
      }

      /** The cookie of the device expires. */
      const dropCookie = (browser: DeviceBrowser) =>
        browser.jar.setCookie(`${DEVICE}=; Max-Age=0; Path=/; Secure`, browser.origin);

      /** The logins in the records of a user, by id, and the devices of each of their records. */
      async function loginsOf(id: string): Promise<Map<string, Array<HasLogin["device"]>>> {
        const logins = new Map<string, Array<HasLogin["device"]>>();
        const note = ({ data }: StoredRecord) => {
          const login = (data.auth ?? data.login ?? {}) as HasLogin;
          const loginId = ((data.auth ?? data) as HasLogin).loginId!;
          logins.set(loginId, [...(logins.get(loginId) ?? []), login.device]);
        };
        (await storedSessions(opened.store, id)).forEach(note);
        (await storedBrowsers(opened.store, id)).forEach(note);
        return logins;
      }

      /** Is each login of the user bound in all of its records? Binding goes on in the background. */
      async function areBound(id: string, browsers: readonly DeviceBrowser[]): Promise<boolean> {
        for (let look = 0; look < 50; look++) {
          const devices = [...(await loginsOf(id)).values()].flat();
          if (devices.every((device) => device?.boundAt !== undefined)) return true;
          for (const browser of browsers) await browser.get("/me");
          await settled();
        }
        return false;
      }

      for (const onLimit of ["end-oldest", "refuse"] as const) {
        it(`${onLimit}: never more logins than allowed, and each keeps its key, ${TIMES} of ${TIMES} times`, async () => {
          const { sites, newUser } = await twoProcesses(onLimit);
          const held = await countTrials(TIMES, async (n) => {
            const id = `limit ${onLimit} ${n}`;
            newUser(id);
            const path = encodeURIComponent(id);
            const remember = n % 2 === 0;
            const browsers = [0, 1, 0, 1].map((at) => sites[at as 0]!.newBrowser());
            const [first, ...later] = browsers as [DeviceBrowser, ...DeviceBrowser[]];
            await first.post(`/login/${path}`, { json: { remember } });
            if (n % 3 === 0) await dropCookie(first); // its first refresh happens meanwhile
            const statuses = await Promise.all([
              first.get("/me").then(() => 200),
              ...later.map((browser) => logInAndRefresh(browser, path, remember)),
            ]);
            await settled();
            const bound = await areBound(id, browsers);
            const logins = await loginsOf(id);
            const keys = new Set([...logins.values()].flat().map((device) => device?.id));

            const live: DeviceBrowser[] = [];
            for (const browser of browsers) if ((await browser.get("/me")).status === 200) live.push(browser);
            const dead = browsers.filter((browser) => !live.includes(browser));
            let isBack = false;
            for (const browser of dead) {
              await browser.restart();
              isBack ||= (await browser.get("/me")).status !== 401;
            }
            const listed = await sites[1].login.sessions.list(id);
            // A remembered login that is being ended may be restored once more just then, which ends one more login.
            const isExact = remember && onLimit === "end-oldest" ? logins.size <= MAX : logins.size === MAX;
            return (
              bound &&
              isExact &&
              listed.length === logins.size &&
              listed.every(({ deviceBound }) => deviceBound) &&
              live.length === logins.size &&
              live.every(({ sessions }) => [...sessions.keys()].some((key) => keys.has(key))) &&
              keys.size === logins.size &&
              !isBack &&
              (onLimit === "end-oldest" || statuses.filter((status) => status === 200).length === MAX)
            );
          });
          expect(held).to.equal(TIMES);
        });

        it(`${onLimit}: a browser that has lost its key logs in twice at once beside others, ${TIMES} of ${TIMES} times`, async () => {
          const { sites, newUser } = await twoProcesses(onLimit);
          const held = await countTrials(TIMES, async (n) => {
            const id = `lost ${onLimit} ${n}`;
            newUser(id);
            const path = encodeURIComponent(id);
            const [lost, other, late] = [0, 1, 0].map((at) => sites[at as 0]!.newBrowser()) as [
              DeviceBrowser,
              DeviceBrowser,
              DeviceBrowser,
            ];
            for (const browser of n % 2 === 0 ? [lost, other] : [other, lost]) {
              await browser.post(`/login/${path}`, { json: { remember: true } });
              await browser.get("/me");
            }
            await settled();
            if (!(await areBound(id, [lost, other]))) return false;
            await age(opened.store, id);
            const lostKey = [...lost.sessions.keys()][0];
            lost.sessions.clear();
            await dropCookie(lost);
            const copy = await lost.copied();
            const log = (at: 0 | 1) =>
              sites[at].sendCopy(`POST /login/${path}`, copy, { json: { remember: n % 3 === 0 } });
            const answers = await Promise.all([log(0), log(1), late.post(`/login/${path}`, { json: {} })]);
            await settled();
            const logins = await loginsOf(id);
            // 401: the login was ended by newer ones before it was complete.
            const isAllowed = answers.every(({ status }) => [200, 403, 401].includes(status));
            return (
              isAllowed &&
              logins.size === MAX &&
              ![...logins.values()].flat().some((device) => device?.id === lostKey) &&
              (await sites[0].sendCopy("GET /me", copy)).status === 401
            );
          });
          expect(held).to.equal(TIMES);
        });
      }
    });
  }
});

/** Moves the moment of binding into the past. Right after it, requests without the cookie of the device are still served. */
async function age(store: Opened["store"], id: string): Promise<void> {
  for (const record of [...(await storedSessions(store, id)), ...(await storedBrowsers(store, id))]) {
    const { id: recordId, ...rest } = record;
    const place = rest.kind === "session" ? "auth" : "login";
    const login = rest.data[place] as { device: { boundAt: number } };
    const device = { ...login.device, boundAt: login.device.boundAt - 60_000 };
    await store.update(recordId, { ...rest, data: { ...rest.data, [place]: { ...login, device } } });
  }
}
