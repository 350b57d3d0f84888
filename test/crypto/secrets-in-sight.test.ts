import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { inspect } from "node:util";
import { expect } from "chai";
import type { NextFunction, Request, Response } from "express";
import fc from "fast-check";
import { confirmLogin, currentUser, type LoginEventName, refreshStamp } from "latchkey";
import sinon from "sinon";
import { SECRET } from "../support/people.js";
import { send } from "../support/raw-client.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";
import { seed, trials } from "../support/trials.js";
import { WatchedStore } from "../support/watched-store.js";

const EVENTS: LoginEventName[] = [
  ...(["loggedIn", "loggedOut", "loadedFromCookie", "loadedFromRequest", "loginConfirmed", "unauthorized"] as const),
  ...(["needsRefresh", "userAccessed", "sessionProtected", "forbidden", "loginEnded", "stampRefreshed"] as const),
  ...([
    "loginsRevoked",
    "loginRefused",
    "rememberTokenStale",
    "rememberTokenStolen",
    "storeFailed",
    "storeRecovered",
    "sessionGone",
    "crossOriginRefused",
  ] as const),
];
const CONSOLE = ["log", "info", "warn", "error", "debug", "trace"] as const;
const MINUTE = 60_000;

/** All text that a program could log about a value: its inspection, JSON, message and stack. */
function written(value: unknown): string {
  const shown = inspect(value, { depth: 20, showHidden: true, maxStringLength: null });
  const { message, stack } = value instanceof Error ? value : {};
  return [shown, JSON.stringify(value), message, stack].join("\n");
}

/** A site that logs every event, user, session and error. */
async function talkative(mode: "persistent" | "stateless") {
  const lines: string[] = [];
  const errors: Error[] = [];
  const note = (value: unknown) => void lines.push(written(value));
  const at = site({
    store: new WatchedStore(),
    remember: { mode },
    storeTimeout: "30s",
  });
  for (const name of EVENTS) {
    at.login.on(name, (details: object) => {
      note({ ...details, req: undefined });
      if (name === "loadedFromCookie") throw new Error("a listener failed");
    });
  }
  at.app.get("/session", async (req, res) => {
    note(await currentUser(req));
    note(req.session.auth);
    res.json([
      req.session,
      await currentUser(req),
      await at.login.sessions.list("1"),
      at.login,
      at.login.options,
      at.login.policy(),
    ]);
  });
  at.app.post("/reconfirm", async (req, res) => {
    await confirmLogin(req);
    res.end();
  });
  at.app.post("/password", async (req, res) => {
    await currentUser(req);
    at.ann.stamp += "+";
    await refreshStamp(req);
    res.end();
  });
  at.app.use((error: Error, _req: Request, res: Response, _next: NextFunction) => {
    errors.push(error);
    note(error);
    res.status((error as { status?: number }).status ?? 500).json(error);
  });
  return { ...at, lines, errors, note, origin: await serve(at.app) };
}

/** The value of a cookie and its parts. Parts shorter than 20 characters could be ordinary words, and are left out. */
function secretsOf(pair: string): string[] {
  const value = pair.slice(pair.indexOf("=") + 1);
  const plain = decodeURIComponent(value);
  return [value, plain, ...plain.replace(/^s:/, "").split(".")].filter((text) => text.length >= 20);
}

describe(`secrets (seed ${seed})`, () => {
  let clock: sinon.SinonFakeTimers;
  const heard: string[] = [];
  const hear = (warning: Error) => void heard.push(written(warning));
  const hearEvent = (message: unknown) => {
    const { name, details } = message as { name: string; details: object };
    heard.push(written({ name, details: { ...details, req: undefined } }));
  };

  beforeEach(() => {
    clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
    process.on("warning", hear);
    subscribe("latchkey:event", hearEvent);
    for (const name of CONSOLE) sinon.stub(console, name).callsFake((...words) => void heard.push(written(words)));
  });
  afterEach(() => {
    sinon.restore();
    process.off("warning", hear);
    unsubscribe("latchkey:event", hearEvent);
  });

  for (const mode of ["persistent", "stateless"] as const) {
    it(`P6 never appear in a log, warning, error, event, inspection or JSON, with ${mode} remember cookies`, async () => {
      const at = await talkative(mode);
      const line = fc.constantFrom(
        "POST /login/1",
        "POST /login/1",
        "GET /me",
        "GET /me",
        "GET /session",
        "POST /logout",
        "POST /confirm",
        "POST /reconfirm",
        "POST /password",
      );
      const step = fc.record({
        line,
        remember: fc.boolean(),
        fails: fc.nat(30),
        passing: fc.constantFrom(0, 0, 1000, 2 * MINUTE),
        keeps: fc.constantFrom("both", "sid", "remember", "old"),
        n: fc.nat(1000),
      });
      const told = new Set<string>();
      let secrets = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 15 }), async (steps) => {
          const given: string[] = [];
          const tainted = new Set<string>([SECRET]);
          const jar: Record<string, string> = {};
          heard.length = at.lines.length = 0;
          for (const { line, remember, fails, passing, keeps, n } of steps) {
            clock.tick(passing);
            let left = fails;
            at.store.before = () =>
              left-- === 0 ? Promise.reject(new Error("the backend is not available")) : undefined;
            const old = given[n % (given.length + 1)];
            const pairs = Object.entries(jar)
              .filter(([name]) => keeps === "both" || keeps === name)
              .map(([, pair]) => pair);
            const cookie = keeps === "old" ? old : pairs.join("; ");
            const answer = await send(at.origin, line, {
              ...(cookie ? { cookie } : {}),
              json: remember ? { remember } : {},
            });
            for (const pair of answer.cookie.split("; ").filter(Boolean)) {
              given.push(pair);
              jar[pair.slice(0, pair.indexOf("="))] = pair;
              for (const secret of secretsOf(pair)) tainted.add(secret);
            }
            told.add(String(answer.status));
            at.lines.push(answer.text);
          }
          at.store.before = () => undefined;
          await new Promise((resolve) => setImmediate(resolve)); // Node emits warnings asynchronously
          at.note(at.login);
          at.note(at.store);
          const all = [...at.lines, ...heard].join("\n");
          for (const secret of tainted) expect(all.includes(secret), `${secret} is visible`).to.equal(false);
          secrets += tainted.size;
        }),
        { seed, numRuns: trials(20_000, 100) },
      );
      expect([...told]).to.include.members(["200", "401", "503"]);
      expect(at.errors.length, "errors").to.be.greaterThan(0);
      expect(secrets).to.be.greaterThan(500);
    });
  }
});
