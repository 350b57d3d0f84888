import { expect } from "chai";
import { RedisStore as ConnectRedis } from "connect-redis";
import type { Express, Request, RequestHandler } from "express";
import expressSession from "express-session";
import { currentUser, type SessionStore } from "latchkey";
import { ExpressSessionStore } from "latchkey/stores/express-session";
import makeMemoryStore from "memorystore";
import { backendsHere } from "../support/backends.js";
import { gates } from "../support/late-request.js";
import { countTrials, send } from "../support/raw-client.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";
import { trials } from "../support/trials.js";
import { expectNoUnhandledRejections } from "../support/unhandled.js";
import { WatchedStore } from "../support/watched-store.js";

/** Two stores over the same data, as two processes would have. */
interface Pair {
  stores: [SessionStore, SessionStore];
  close(): Promise<unknown>;
}

interface Place {
  name: string;
  open(): Promise<Pair>;
}

const backends = await backendsHere();
const redis = backends.find(({ name }) => name === "redis");

/** Express-session stores have no conditional writes. The wrapper works in one process only, so both sites share it. */
function wrapped(store: expressSession.Store, close: () => Promise<unknown> = async () => {}): Pair {
  const one = new ExpressSessionStore(store);
  return { stores: [one, one], close };
}

const places: Place[] = [
  ...backends.map(({ name, open }) => ({
    name,
    async open(): Promise<Pair> {
      const { store, another, close } = await open();
      return { stores: [store, (await another?.()) ?? store], close };
    },
  })),
  { name: "express-session's MemoryStore", open: async () => wrapped(new expressSession.MemoryStore()) },
  {
    name: "memorystore",
    open: async () => wrapped(new (makeMemoryStore(expressSession))({ checkPeriod: 0 }) as expressSession.Store),
  },
  ...(redis
    ? [
        {
          name: "connect-redis",
          async open() {
            const { client, prefix, close } = await redis.open();
            return wrapped(new ConnectRedis({ client: client as never, prefix: prefix! }), close);
          },
        },
      ]
    : []),
];

/** Changes the session in one trial. */
type Change = (values: Values, trial: number) => void;
type Values = Request["session"] & Record<string, unknown>;

/** The changes that two requests make to one session, and a check of the result. */
interface Pairing {
  changes: [Change, Change];
  isRight(values: Values, trial: number): boolean;
}

/** A value of many parts. A mix of two such values does not pass `isWhole`. */
const whole = (by: string, trial: number) => ({ by, trial, parts: Array<string>(20).fill(by) });
const isWhole = (value: unknown, by: string, trial: number) =>
  JSON.stringify(value) === JSON.stringify(whole(by, trial));
const set =
  (key: string, by: string): Change =>
  (values, trial) => {
    values[key] = whole(by, trial);
  };

const pairings: Record<string, Pairing> = {
  "keeps both changes when the requests set different keys": {
    changes: [set("one", "one"), set("other", "other")],
    isRight: ({ one, other }, trial) => isWhole(one, "one", trial) && isWhole(other, "other", trial),
  },
  "keeps one complete value when the requests set the same key": {
    changes: [set("same", "one"), set("same", "other")],
    isRight: ({ same }, trial) => isWhole(same, "one", trial) !== isWhole(same, "other", trial),
  },
  "keeps both changes when one request removes a key and the other sets another key": {
    changes: [(values) => delete values.note, set("other", "other")],
    isRight: ({ note, other }, trial) => note === undefined && isWhole(other, "other", trial),
  },
};

/** Adds a route that changes the session after both requests have read it, and a route that returns its values. */
function mount(app: Express, { changes }: Pairing, wait: RequestHandler): void {
  app.post(
    "/change/:index/:trial",
    (_req, _res, next) => void currentUser().then(() => next(), next), // reads the session
    wait,
    (req, res) => {
      changes[Number(req.params.index)]!(req.session as Values, Number(req.params.trial));
      res.send("changed");
    },
  );
  app.get("/values", async (req, res) => {
    const { name } = (await currentUser()) as { name?: string };
    res.json({ values: req.session, name });
  });
}

describe("R-6: two concurrent requests that change one session on two servers", () => {
  expectNoUnhandledRejections();

  for (const { name, open } of places) {
    const times = trials(1000, name === "memory" ? 1000 : 100, 30);
    for (const [what, pairing] of Object.entries(pairings)) {
      it(`on ${name}, ${what} (${times} times)`, async () => {
        const { stores, close } = await open();
        const { gate, wait } = gates();
        const watched = stores.map((inner) => new WatchedStore(inner));
        const origins = await Promise.all(
          watched.map((store) => {
            const { app } = site({ store });
            mount(app, pairing, wait);
            return serve(app);
          }),
        );
        const failed: unknown[] = [];
        try {
          await countTrials(
            times,
            async (trial) => {
              const { cookie } = await send(origins[0]!, "POST /login/1");
              await send(origins[1]!, "POST /note/there", { cookie });
              const both = origins.map((origin, index) => send(origin, `POST /change/${index}/${trial}`, { cookie }));
              await gate(trial).arrived(2);
              gate(trial).open();
              const statuses = (await Promise.all(both)).map(({ status }) => status);
              const seen = await send(origins[0]!, "GET /values", { cookie });
              const { values, name } = JSON.parse(seen.text) as { values: Values; name?: string };
              const right = statuses.join() === "200,200" && name === "Ann" && pairing.isRight(values, trial);
              if (!right) failed.push([trial, statuses, seen.text]);
              return right;
            },
            8,
          );
        } finally {
          await close();
        }
        expect(failed).to.eql([]);
        const updates = watched.flatMap(({ calls }) => calls).filter((verb) => verb === "update");
        expect(
          updates,
          "one for the note, one for each change, and one more because the later change is retried",
        ).to.have.lengthOf(4 * times);
      });
    }
  }
});
