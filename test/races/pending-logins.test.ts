import { expect } from "chai";
import { currentUser, pendingUser } from "latchkey";
import { backendsHere, type Opened } from "../support/backends.js";
import { factorSite, type Who } from "../support/factor-site.js";
import { gates } from "../support/late-request.js";
import { countTrials, only, send } from "../support/raw-client.js";
import { serve } from "../support/server.js";
import { trials } from "../support/trials.js";
import { WatchedStore } from "../support/watched-store.js";

const TRIALS = trials(1000, 1000, 100);
const REQUESTS = trials(10_000, 10_000, 1000);
const PWD = { methods: ["pwd"] };
const OTP = { methods: ["otp"] };

/** A request that runs at the same time as the second step of Ann's login. */
interface Rival {
  line: string;
  json?: object;
  /** The users who may be logged in afterwards with a cookie from one of the responses. */
  mayBe: Array<string | null>;
}

const rivals: Record<string, Rival> = {
  "a logout": { line: "POST /logout", mayBe: [null] },
  "a revocation of all logins": { line: "POST /end/1", mayBe: [null] },
  "a second login of the same user": { line: "POST /login/1", json: PWD, mayBe: [null] },
  "a login of another user": { line: "POST /login/2", json: PWD, mayBe: [null, "2"] },
};

const here = await backendsHere("memory", "redis", "sql on pg");

describe("the second step of a login", () => {
  for (const [what, { line, json, mayBe }] of Object.entries(rivals)) {
    it(`leaves no login of Ann behind at the same time as ${what} (${TRIALS} times)`, async () => {
      const { origin, gate } = await gatedSite(new WatchedStore());
      const left = await countTrials(TRIALS, async (trial) => {
        const { cookie } = await send(origin, "POST /login/1", { json: PWD });
        const headers = { "x-trial": String(trial) };
        const both = [
          send(origin, "POST /confirm", { cookie, headers, json: OTP }),
          send(origin, line, { cookie, headers, json }),
        ];
        await gate(trial).arrived(2);
        gate(trial).open();
        const cookies = [cookie, ...(await Promise.all(both)).map((answer) => answer.cookie)].filter(Boolean);
        const found = await Promise.all(cookies.map((one) => whoIs(origin, one)));
        return found.some(({ user }) => !mayBe.includes(user));
      });
      expect(left).to.equal(0);
    });
  }

  it(`succeeds for one of two requests at the same time (${TRIALS} times)`, async () => {
    const { origin, gate } = await gatedSite(new WatchedStore());
    const clean = await countTrials(TRIALS, async (trial) => {
      const { cookie } = await send(origin, "POST /login/1", { json: PWD });
      const sending = { cookie, headers: { "x-trial": String(trial) }, json: OTP };
      const both = [send(origin, "POST /confirm", sending), send(origin, "POST /confirm", sending)];
      await gate(trial).arrived(2);
      gate(trial).open();
      const answers = await Promise.all(both);
      const found = await Promise.all(answers.map(async (answer) => (await whoIs(origin, answer.cookie)).user));
      return (
        found.filter((user) => user === "1").length === 1 && answers.filter(({ status }) => status === 200).length === 1
      );
    });
    expect(clean).to.equal(TRIALS);
  });

  it(`is the only step that can follow the first, also while the browser restores a login of another user (${TRIALS} times)`, async () => {
    const { origin, gate } = await gatedSite(new WatchedStore());
    const clean = await countTrials(TRIALS, async (trial) => {
      const bob = await send(origin, "POST /login/2", { json: { ...PWD, remember: true } });
      const cookie = only("remember", bob.cookie);
      const headers = { "x-trial": String(trial) };
      const first = send(origin, "POST /login/1", { cookie, headers, json: PWD });
      const restoring = send(origin, "GET /who", { cookie, headers });
      await gate(trial).arrived(2);
      gate(trial).open();
      const [pending, restored] = await Promise.all([first, restoring]);
      const others = [restored.cookie, cookie, bob.cookie].filter(Boolean);
      const left = await Promise.all(others.map((one) => whoIs(origin, one)));
      const before = await whoIs(origin, pending.cookie);
      const { cookie: complete } = await send(origin, "POST /confirm", { cookie: pending.cookie, json: OTP });
      const after = await whoIs(origin, complete);
      return (
        left.every(({ user }) => user === null) &&
        JSON.stringify([before, after]) === '[{"user":null,"pending":"1"},{"user":"1","pending":null}]'
      );
    });
    expect(clean).to.equal(TRIALS);
  });
});

describe("a login that is not complete, among other requests", () => {
  for (const { name, open } of here) {
    describe(`on ${name}`, () => {
      let opened: Opened;
      before(async () => {
        opened = await open();
      });
      after(() => opened?.close());

      it(`is never the current user (${REQUESTS} times)`, async () => {
        const { origin, app } = await gatedSite(new WatchedStore(opened.store));
        app.get("/later", async (_req, res) => {
          const seen = new Set<string | null>();
          for (let wait = 0; wait < 5; wait++) {
            seen.add((((await currentUser()) as { id?: string }).id ?? null) as string | null);
            await new Promise((resolve) => setImmediate(resolve));
          }
          res.json({ user: [...seen].join(), pending: ((await pendingUser()) as { id?: string } | null)?.id ?? null });
        });
        const clients: Array<[cookie: string, expected: object]> = [];
        for (let i = 0; i < 8; i++) {
          const half = await send(origin, "POST /login/1", { json: PWD });
          const bob = await send(origin, "POST /login/2", { json: PWD });
          const whole = await send(origin, "POST /login/1", { json: { methods: ["pwd", "otp"] } });
          clients.push([half.cookie, { user: "", pending: "1" }], [bob.cookie, { user: "2", pending: null }]);
          clients.push([whole.cookie, { user: "1", pending: null }]);
        }
        const right = await countTrials(REQUESTS, async (trial) => {
          const [cookie, expected] = clients[(trial * 7) % clients.length]!;
          return (await send(origin, "GET /later", { cookie })).text === JSON.stringify(expected);
        });
        expect(right).to.equal(REQUESTS);
      });
    });
  }
});

/** A site whose requests with the header `x-trial` wait at a gate after their session was read. */
async function gatedSite(store: WatchedStore) {
  const { gate, wait } = gates();
  store.before = async () => {
    for (let hops = Math.floor(Math.random() * 4); hops > 0; hops--)
      await new Promise((resolve) => setImmediate(resolve));
  };
  const at = factorSite({ store }, (login, app) => {
    login.init(app);
    app.use((req, res, next) => {
      const trial = req.get("x-trial");
      if (trial === undefined) return next();
      Object.assign(req.params, { trial });
      wait(req, res, next);
    });
  });
  return { ...at, gate, origin: await serve(at.app) };
}

async function whoIs(origin: string, cookie: string): Promise<Who> {
  return JSON.parse((await send(origin, "GET /who", { cookie })).text) as Who;
}
