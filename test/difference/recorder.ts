import type { Request, Response } from "express";
import type { Spec, Trace } from "./spec.js";
import type { Handling, Way } from "./way.js";

/** Records what a handler sees of its response. */
export class Recorder {
  readonly trace: Trace = { calls: [], events: [], faults: [], madeBy: undefined, failures: 0, pending: [] };
  /** Increases whenever something happens. */
  moves = 0;
  /** Has the handler started to respond? From then on, the store is slow or fails. */
  isAnswering = false;
  /** The number of pending store calls. */
  storeCalls = 0;
  #isClosed = false;
  #isDone = false;

  constructor(readonly spec: Spec) {}

  get isQuiet(): boolean {
    return this.#isClosed && this.#isDone && this.storeCalls === 0;
  }

  /** Watches for the close of a response. */
  watch(res: Response): void {
    res.once("close", () => {
      this.#isClosed = true;
      this.moves++;
    });
  }

  /** Runs the handler. */
  run(way: Way, handling: Omit<Handling, "call" | "tries" | "callback" | "event">): unknown {
    this.isAnswering = true;
    const { res } = handling;
    for (const event of ["finish", "close"]) res.on(event, () => this.#event(`${event}, ${stateOf(res)}`));
    const given = this.#handle(way.answer, { ...handling, ...this.tools(res) });
    if (!(given instanceof Promise)) this.#done("returned");
    else {
      given.then(
        () => this.#done("resolved"),
        () => this.#done("rejected"),
      );
    }
    return given;
  }

  tools(res: Response): Pick<Handling, "call" | "tries" | "callback" | "event"> {
    const call = <T>(name: string, act: () => T): T => {
      try {
        const given = act();
        this.#call(`${name} returned ${show(given, res)}; ${stateOf(res)}`);
        return given;
      } catch (error) {
        this.#call(`${name} threw ${nameOf(error)}; ${stateOf(res)}`);
        throw error;
      }
    };
    return {
      call,
      tries(name, act) {
        try {
          call(name, act);
          return true;
        } catch {
          return false;
        }
      },
      callback: (name) => (error) => this.#event(`callback of ${name}: ${error ? nameOf(error) : "no error"}`),
      event: (text) => this.#event(text),
    };
  }

  errorHandled(error: unknown, req: Request): void {
    this.#call(`the error handler got ${nameOf(error)}; ${stateOf(req.res!)}`);
  }

  fault(error: unknown): void {
    this.trace.faults.push(nameOf(error));
    this.moves++;
  }

  /** Records what is still pending. */
  notePending(): void {
    if (!this.#isClosed) this.trace.pending.push("the response is not closed");
    if (!this.#isDone) this.trace.pending.push("the handler is not done");
  }

  #handle(answer: Way["answer"], handling: Handling): unknown {
    try {
      return answer(handling);
    } catch (error) {
      this.#done("threw");
      throw error;
    }
  }

  #done(how: string): void {
    this.#isDone = true;
    this.#event(`the handler ${how}`);
  }

  #call(text: string): void {
    this.trace.calls.push(text);
    this.moves++;
  }

  #event(text: string): void {
    this.trace.events.push(text);
    this.moves++;
  }
}

function stateOf(res: Response): string {
  const head = res.headersSent ? `head of ${res.statusCode} ${res.statusMessage}` : "no head";
  return `${head}${res.writableEnded ? ", ended" : ""}${res.destroyed ? ", destroyed" : ""}`;
}

function show(given: unknown, res: Response): string {
  if (given === res) return "the response";
  if (given instanceof Promise) return "a promise";
  return typeof given === "object" && given !== null ? "an object" : String(given);
}

export function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as NodeJS.ErrnoException;
  return `${error.name}${code ? ` ${code}` : ""}: ${error.message}`;
}
