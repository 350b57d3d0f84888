import { expect } from "chai";
import type { Express, RequestHandler } from "express";
import { confirmLogin, currentUser } from "latchkey";
import { Gate } from "./barrier.js";
import { countTrials, send } from "./raw-client.js";
import { serve } from "./server.js";
import type { Verb } from "./watched-store.js";

/** What a request does to its session after another request has logged out, and the store method that this calls. */
export const lateRequests: Record<string, { handler: RequestHandler; verb: Verb }> = {
  "writes data": {
    verb: "update",
    handler: (req, res) => {
      req.session.note = "late";
      res.send("done");
    },
  },
  "only touches its session": { verb: "touch", handler: (_req, res) => void res.send("done") },
  "renews its cookie": {
    verb: "update",
    handler: (req, res) => {
      req.session.cookie.maxAge = 3_600_000;
      req.session.note = "late";
      res.send("done");
    },
  },
  "saves its session before it responds": {
    verb: "update",
    handler: (req, res) => {
      req.session.note = "late";
      req.session.save((error?: { status: number }) => res.sendStatus(error?.status ?? 200));
    },
  },
  "confirms its login": {
    verb: "destroy",
    handler: (req, res, next) => void confirmLogin(req).then(() => res.send("done"), next),
  },
};

/** One gate for each trial, and a middleware that waits at the gate of its trial. */
export function gates() {
  const byTrial = new Map<string, Gate>();
  const gate = (trial: string | number) => {
    const key = String(trial);
    if (!byTrial.has(key)) byTrial.set(key, new Gate());
    return byTrial.get(key)!;
  };
  const wait: RequestHandler = (req, _res, next) =>
    void gate(req.params.trial as string)
      .pass()
      .then(() => next());
  return { gate, wait };
}

/** The settings of `countResurrected`. The application has the routes `/login/1`, `/logout` and `/me`. */
export interface LateTrials {
  app: Express;
  handler: RequestHandler;
  times: number;
  /** Runs in the late request when it arrives. */
  arrive?: () => Promise<unknown>;
  /** Runs after all logins, before the first logout. */
  afterLogins?: () => void;
}

/**
 * Logs out while another request of the session waits, then continues that request. Counts the sessions that still
 * work.
 */
export async function countResurrected({
  app,
  handler,
  times,
  arrive = currentUser,
  afterLogins,
}: LateTrials): Promise<number> {
  const { gate, wait } = gates();
  app.post("/late/:trial", (_req, _res, next) => void arrive().then(() => next(), next), wait, handler);
  const origin = await serve(app);
  const cookies: string[] = [];
  await countTrials(times, async (trial) => {
    const { status, cookie } = await send(origin, "POST /login/1");
    expect(status, "a login").to.equal(200);
    cookies[trial] = cookie;
    return true;
  });
  afterLogins?.();
  return countTrials(times, async (trial) => {
    const cookie = cookies[trial]!;
    const late = send(origin, `POST /late/${trial}`, { cookie });
    await gate(trial).arrived();
    expect((await send(origin, "POST /logout", { cookie })).status).to.equal(200);
    gate(trial).open();
    const answer = await late;
    const replays = [cookie, ...(answer.cookie ? [answer.cookie] : [])];
    const statuses = await Promise.all(
      replays.map(async (one) => (await send(origin, "GET /me", { cookie: one })).status),
    );
    return statuses.some((status) => status !== 401);
  });
}
