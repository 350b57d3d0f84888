import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { type Answers, readAnswers } from "./answer.js";
import { Exchange, methodsOf, request, requestOf } from "./client.js";
import { RunningCase } from "./running-case.js";
import type { Order, Report, Role, Spec, Trace } from "./spec.js";
import { ways } from "./ways/index.js";

/** The result of a case. */
export interface Outcome extends Answers {
  trace: Trace;
  hung: boolean;
  /** Did the process end? */
  crashed: boolean;
}

const CRASHED: Trace = { calls: [], events: [], faults: [], madeBy: undefined, failures: 0, pending: [] };

/** One of the two programs, in a process that serves many cases and is restarted after a crash. */
export class Program {
  #served: Promise<{ child: ChildProcess; port: number }> | undefined;
  #count = 0;
  #isWatching = false;
  readonly #running = new Map<string, RunningCase>();

  constructor(
    readonly role: Role,
    readonly folder: string,
    /** Is a prototype inserted between `express.response` and Node's prototype? */
    readonly between = false,
  ) {}

  async stop(): Promise<void> {
    const served = await this.#served;
    this.#served = undefined;
    served?.child.disconnect();
  }

  async run(spec: Spec): Promise<Outcome> {
    this.#served ??= this.#start();
    const { child, port } = await this.#served;
    const way = ways.get(spec.way)!;
    const running = new RunningCase(`c${this.#count++}`, way.leaves === "before the response");
    this.#running.set(running.id, running);
    if (!this.#isWatching) this.#watch(child, 0);

    const exchangeOf = async (bytes: string, leavesAtFirstBytes: boolean) => {
      running.exchange = new Exchange(port, bytes, leavesAtFirstBytes);
      await Promise.race([running.exchange.closed, running.settled]);
      return running.exchange.bytes;
    };
    const cookie = this.role === "with latchkey" && spec.session === "restored login";
    const remembered = cookie ? rememberCookie(await exchangeOf(prepare(running.id, spec), false)) : "";
    const bytes = await exchangeOf(requestOf(running.id, spec, way, remembered), way.leaves === "at the first bytes");
    running.beginSettling();
    tell(child, { settle: running.id });
    const trace = await running.settled;
    running.exchange!.leave();
    this.#running.delete(running.id);
    return { ...readAnswers(bytes, methodsOf(spec, way)), trace, hung: running.hung, crashed: trace === CRASHED };
  }

  async #start(): Promise<{ child: ChildProcess; port: number }> {
    const args = [this.role, this.folder, ...(this.between ? ["with an object between"] : [])];
    const child = fork(fileURLToPath(new URL("program.js", import.meta.url)), args, {
      env: { ...process.env, NO_DEPRECATION: "express" },
    });
    const [port] = (await once(child, "message")) as [number];
    child.on("message", (report: Report) => this.#hear(child, report));
    child.once("exit", () => {
      this.#served = undefined;
      this.#isWatching = false;
      for (const running of this.#running.values()) running.settle(CRASHED);
    });
    return { child, port };
  }

  #hear(child: ChildProcess, report: Report): void {
    if ("settled" in report) this.#running.get(report.settled)?.settle(report.trace);
    else if ("entered" in report) {
      const running = this.#running.get(report.entered);
      if (running?.leavesEarly) running.exchange!.leave();
    } else {
      for (const running of this.#running.values()) {
        if (running.isStuck(report.moves[running.id] ?? 0)) tell(child, { settle: running.id, atOnce: true });
      }
      this.#watch(child, report.round + 1);
    }
  }

  /** Starts the next round if there are cases. */
  #watch(child: ChildProcess, round: number): void {
    this.#isWatching = this.#running.size > 0;
    if (this.#isWatching) tell(child, { round });
  }
}

function tell(child: ChildProcess, order: Order): void {
  if (child.connected) child.send(order);
}

/** A request that logs in with `remember`. */
function prepare(id: string, spec: Spec): string {
  return request("GET", `/${id}/prepare`, { spec: encodeURIComponent(JSON.stringify(spec)) }, true);
}

function rememberCookie(answer: Buffer): string {
  const found = /^set-cookie: (remember=[^;]+)/im.exec(answer.toString("latin1"));
  if (!found) throw new Error(`the login was not remembered: ${answer}`);
  return found[1]!;
}
