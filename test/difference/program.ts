import { AsyncLocalStorage } from "node:async_hooks";
import { stat } from "node:fs";
import { createServer, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { deflate } from "node:zlib";
import type { Express } from "express";
import { application } from "./application.js";
import { Recorder } from "./recorder.js";
import type { Order, Report, Role, Spec } from "./spec.js";
import { turns } from "./way.js";

// Serves the applications of many cases until the parent ends. The first part of the URL selects the case.
const [role, folder, between] = process.argv.slice(2) as [Role, string, string];
process.on("disconnect", () => process.exit());
Error.stackTraceLimit = 0; // Express sends stacks in responses, and the stacks of the two programs differ
console.error = () => {};

const report = (what: Report) => void process.send!(what);
const cases = new Map<string, { recorder: Recorder; app: Express }>();
const inCase = new AsyncLocalStorage<Recorder>();

const noteFault = (error: unknown) => {
  const recorder = inCase.getStore();
  if (recorder) recorder.fault(error);
  else for (const { recorder } of cases.values()) recorder.fault(error);
};
process.on("uncaughtException", noteFault);
process.on("unhandledRejection", noteFault);

const server = createServer({ keepAliveTimeout: 0 }, (req, res) => {
  const [, id, rest] = /^\/(\w+)(.*)$/.exec(req.url!)!;
  let found = cases.get(id!);
  if (!found) {
    const recorder = new Recorder(JSON.parse(decodeURIComponent(req.headers.spec as string)) as Spec);
    const app = application(role, recorder, folder, () => report({ entered: id! }));
    found = { recorder, app };
    cases.set(id!, found);
    if (between === "with an object between") putBetween(app);
  }
  req.url = rest!;
  const { recorder, app } = found;
  inCase.run(recorder, () => app(req, res));
});

/** Inserts a prototype between `express.response` and Node's prototype, as light-my-request does. */
let passing: object | undefined;
function putBetween(app: Express): void {
  const shared = Object.getPrototypeOf(app.response) as object;
  if (Object.getPrototypeOf(shared) !== ServerResponse.prototype) return;
  if (passing === undefined) {
    passing = {};
    return; // insert it only after latchkey's first request
  }
  class Between extends ServerResponse {
    override write(...args: unknown[]): boolean {
      return (super.write as (...args: unknown[]) => boolean)(...args);
    }
    override end(...args: unknown[]): this {
      return (super.end as (...args: unknown[]) => this)(...args);
    }
  }
  Object.setPrototypeOf(shared, Between.prototype);
}

process.on("message", (order: Order) => {
  if ("round" in order) void round(order.round);
  else void settle(order.settle, order.atOnce);
});

/** Waits once for a timer, the disk and a thread, so that everything that waits for one of them can continue. */
async function round(number: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 50));
  await new Promise((resolve) => stat(folder, resolve));
  await new Promise((resolve) => deflate("round", resolve));
  report({ round: number, moves: Object.fromEntries([...cases].map(([id, { recorder }]) => [id, recorder.moves])) });
}

/** Reports what happened in a case: when nothing more happens, or at once if the parent says so. */
async function settle(id: string, atOnce = false): Promise<void> {
  const found = cases.get(id);
  if (!found) return;
  const { recorder } = found;
  for (let moves = -1; !atOnce && (moves !== recorder.moves || !recorder.isQuiet); ) {
    moves = recorder.moves;
    if (!recorder.isQuiet) await new Promise((resolve) => setTimeout(resolve, 1));
    await new Promise((resolve) => stat(folder, resolve));
    await turns();
    if (!cases.has(id)) return;
  }
  if (atOnce) recorder.notePending();
  if (!cases.delete(id)) return;
  report({ settled: id, trace: recorder.trace });
}

server.listen(0, "127.0.0.1", () => void process.send!((server.address() as AddressInfo).port));
