import { expect } from "chai";
import type { Express, Request } from "express";
import expressSession from "express-session";
import {
  confirmLogin,
  currentUser,
  isLatchkeyError,
  type LoginManager,
  loginUser,
  logoutUser,
  MemoryStore,
  pendingUser,
  refreshStamp,
} from "latchkey";
import { apiClient } from "../support/browser.js";
import { factorSite, type Who } from "../support/factor-site.js";
import { type Person, SECRET } from "../support/people.js";
import { serve } from "../support/server.js";
import { expectNoUnhandledRejections } from "../support/unhandled.js";

/** What a request sees after its verbs, and what its session contains. */
interface Seen extends Who {
  outcomes: string[];
  property: string | null;
  stored: string | null;
  note: unknown;
}

type Verb = "confirm" | "stamp" | "logout" | "login of Bob" | "login again";
const PAIRS: ReadonlyArray<readonly [Verb, Verb]> = [
  ["confirm", "logout"],
  ["logout", "confirm"],
  ["stamp", "logout"],
  ["logout", "stamp"],
  ["confirm", "login of Bob"],
  ["login of Bob", "confirm"],
  ["stamp", "login of Bob"],
  ["login of Bob", "stamp"],
  ["confirm", "login again"],
  ["login again", "confirm"],
  ["confirm", "stamp"],
  ["stamp", "confirm"],
  ["confirm", "confirm"],
];

const mounts: Record<string, (login: LoginManager<Person>, app: Express) => void> = {
  "latchkey's sessions": (login, app) => login.init(app),
  "the application's own express-session": (login, app) => {
    app.use(expressSession({ secret: SECRET, resave: false, saveUninitialized: false }), login.middleware());
  },
};

describe("two verbs at the same time in one request", () => {
  expectNoUnhandledRejections();

  for (const [name, mount] of Object.entries(mounts)) {
    for (const [start, shown] of [
      ["complete", ["pwd", "otp"]],
      ["not complete", ["pwd"]],
    ] as const) {
      for (const [first, second] of PAIRS) {
        it(`have one effect after the other: ${first} and ${second}, of a login that is ${start}, in ${name}`, async () => {
          const { app, bob, ann, login } = factorSite({ store: new MemoryStore() }, mount);
          const verbs: Record<Verb, (req: Request) => Promise<unknown>> = {
            confirm: (req) => confirmLogin(req, { methods: ["otp"] }),
            stamp: (req) => refreshStamp(req),
            logout: (req) => logoutUser(req),
            "login of Bob": (req) => loginUser(req, bob),
            "login again": (req) => loginUser(req, ann, { methods: ["pwd"] }),
          };
          app.post("/both", async (req, res) => {
            const settled = await Promise.allSettled([verbs[first](req), verbs[second](req)]);
            for (const one of settled) {
              if (one.status === "rejected" && !isLatchkeyError(one.reason, "login_required")) throw one.reason;
            }
            const { id = null } = (await currentUser(req)) as Partial<Person>;
            const pending = ((await pendingUser(req)) as Person | null)?.id ?? null;
            const auth = req.session.auth;
            const stored = auth ? `${auth.userId} ${auth.pending ? "pending" : "complete"}` : null;
            const property = (req.user as Person | undefined)?.id ?? null;
            const outcomes = settled.map(({ status }) => status);
            res.json({ outcomes, user: id, pending, property, stored, note: req.session.note ?? null } satisfies Seen);
          });
          const origin = await serve(app);
          const client = apiClient(origin);
          await client.post("/login/1", { json: { methods: shown } });
          await client.post("/note/Ann's");
          const answer = await client.post("/both");
          expect(answer.status).to.equal(200);
          const seen = answer.json<Seen>();
          const { user, pending } = seen;
          // What the request reports is what the next request finds.
          expect((await client.get("/who")).json()).to.eql({ user, pending });
          expect(seen.property).to.equal(user);
          const expected = user !== null ? `${user} complete` : pending !== null ? `${pending} pending` : null;
          expect(seen.stored).to.equal(expected);
          // A logout and a login of another user are final, also for what was begun before them.
          const verb = [first, second];
          if (verb.includes("logout")) expect({ user, pending }).to.eql({ user: null, pending: null });
          if (verb.includes("login of Bob")) expect({ user, pending }).to.eql({ user: "2", pending: null });
          const isAnn = user === "1" || pending === "1";
          expect((await client.get("/note")).json()).to.equal(isAnn ? "Ann's" : null);
          // No login is left behind that no browser has.
          if (name !== "latchkey's sessions") return;
          expect((await login.sessions.list("1")).length).to.equal(user === "1" ? 1 : 0);
          expect((await login.sessions.list("2")).length).to.equal(user === "2" ? 1 : 0);
        });
      }
    }
  }
});
