import { ServerResponse } from "node:http";
import type { Response } from "express";
import onHeaders from "on-headers";
import { openStateOf, stateOf } from "./request-state.js";
import { SharedProperties } from "./shared-properties.js";

/** What happens before a response begins. */
interface Start {
  /**
   * Called once, synchronously, just before the head is made.
   *
   * @param isWhole the handler gives its whole answer in one `end`, as `res.send`, `res.json` and `res.redirect` do. The head is made
   * after the promise resolves, so headers may be set until then. When false (`writeHead`, `write` or `flushHeaders` came first), set
   * them before this returns
   * @returns a promise that the response waits for, or undefined
   */
  finish(isWhole: boolean): Promise<void> | undefined;
  /** The answer is given up for an error; takes back what `finish` has set. */
  fail?(): void;
}

type Call = "writeHead" | "write" | "end" | "flushHeaders";
type Method = (...args: unknown[]) => unknown;

const CALLS: readonly Call[] = ["writeHead", "write", "end", "flushHeaders"];

/** What belongs to an answer that is given up for an error. */
const ANSWER_HEADERS = [
  "Content-Disposition",
  "Content-Encoding",
  "Content-Language",
  "Content-Length",
  "Content-Range",
  "Content-Type",
  "ETag",
  "Last-Modified",
  "Location",
];

/** What changes headers. */
const HEADER_CALLS = ["setHeader", "setHeaders", "appendHeader", "removeHeader"] as const;

/**
 * Has `start.finish` called once, before a response's headers are written, and keeps the response until what it gives is done. Should
 * that fail before anything was sent, the error takes the place of the answer.
 *
 * While it waits, and after it, the handler's answer stands: whoever answers once more, as an error handler that is called after an
 * answer, is not heard. (routing-controllers answers, and then passes the error on.)
 */
export function startResponse(res: Response, start: Start, next: (error: unknown) => void): void {
  const own = res as unknown as Record<Call, Method>;
  // What middleware before this one has put in the place of a method is called as the method would be, and not before.
  const replaced = CALLS.filter((name) => Object.hasOwn(res, name));
  openStateOf(res.req).start = new ResponseStart(res, start, next, replaced);
  for (const name of replaced) own[name] = handled(name, own[name]);
  sharedMethods.addTo(res);
}

/** The methods of every response. */
const sharedMethods = new SharedProperties(ServerResponse.prototype, (shared) => {
  const own = shared as Record<Call, Method>;
  const above = Object.getPrototypeOf(shared) as Record<Call, Method>;
  for (const name of CALLS) {
    const inherited: Method = function (this: Response, ...args) {
      return above[name].apply(this, args);
    };
    own[name] = handled(name, Object.hasOwn(shared, name) ? own[name] : inherited, true);
  }
});

/** A method that does as the start of its response says; one that is shared, unless the response has one in its place. */
function handled(name: Call, original: Method, isShared = false): Method {
  return function (this: Response, ...args) {
    const start = stateOf(this.req)?.start;
    if (!start || (isShared && start.replaced.includes(name))) return original.apply(this, args);
    return name === "writeHead" ? start.writeHead(original, args) : start.call(name, original, args);
  };
}

export class ResponseStart {
  #begun = false;
  /** The calls that wait, while something is waited for. */
  #waiting: Array<() => unknown> | undefined;
  /** Among those that wait is the last one. */
  #isWhole = false;
  /** Whether whoever answers once more must not be heard. */
  #isGuarded = false;
  /** The last call was made, and nobody is heard any more. */
  #isOver = false;

  constructor(
    readonly res: Response,
    readonly start: Start,
    readonly next: (error: unknown) => void,
    /** The methods that the response has of its own, in the place of those of all responses. */
    readonly replaced: readonly Call[],
  ) {}

  /** Node calls it too, for a response that begins without it. */
  writeHead(original: Method, args: unknown[]): unknown {
    const { res } = this;
    if (this.#begun) return this.#waiting || this.#isOver ? res : this.#run("writeHead", original, args);
    // Its headers are set first, so that `finish` finds them.
    let rest: unknown[] = [];
    const own = Object.getOwnPropertyDescriptor(res, "writeHead");
    res.writeHead = (...given: unknown[]) => {
      rest = given;
      return res;
    };
    onHeaders(res, () => {});
    (res.writeHead as Method)(...args);
    if (own) Object.defineProperty(res, "writeHead", own);
    else delete (res as Partial<Response>).writeHead;
    return this.call("writeHead", original, rest);
  }

  call(name: Call, original: Method, args: unknown[]): unknown {
    const { res } = this;
    if (this.#isOver) return name === "write" ? false : res;
    if (!this.#begun) {
      try {
        this.#wait(this.#finish(name === "end"));
      } catch (error) {
        this.#giveUp(error);
        return name === "write" ? false : res;
      }
    }
    if (!this.#waiting) return this.#run(name, original, args);
    if (this.#isWhole) return name === "write" ? false : res;
    this.#waiting.push(() => this.#run(name, original, args));
    this.#isWhole = name === "end";
    return name === "write" ? false : res;
  }

  #finish(isWhole: boolean): Promise<void> | undefined {
    this.#begun = true;
    return this.start.finish(isWhole);
  }

  #wait(work: Promise<void> | undefined): void {
    if (!work) return;
    const { res } = this;
    this.#waiting = [];
    this.#isGuarded = true;
    const { statusCode, statusMessage } = res;
    const hear = res.headersSent ? () => {} : deafen(res);
    const proceed = () => {
      hear();
      res.statusCode = statusCode;
      res.statusMessage = statusMessage;
    };
    work.then(
      () => {
        proceed();
        this.#release();
      },
      (error: unknown) => {
        proceed();
        if (this.#isWhole && !res.headersSent) this.#giveUp(error);
        else this.#release();
      },
    );
  }

  #release(): void {
    const waiting = this.#waiting!;
    this.#waiting = undefined;
    let flowing: unknown = true;
    for (const call of waiting) flowing = call();
    if (!this.#isWhole && waiting.length > 0 && flowing) this.res.emit("drain");
  }

  #giveUp(error: unknown): void {
    this.#waiting = undefined;
    this.#isWhole = false;
    this.#isGuarded = true;
    this.start.fail?.();
    for (const name of ANSWER_HEADERS) this.res.removeHeader(name);
    this.next(error);
    // A handler that is not done yet, as one that streams, must not answer into the answer of the error handler.
    if (this.res.writableEnded) this.#isOver = true;
  }

  #run(name: Call, original: Method, args: unknown[]): unknown {
    const { res } = this;
    const given = original.apply(res, args);
    if (name === "end" && this.#isGuarded && res.headersSent) {
      this.#isOver = true;
      deafen(res);
    }
    return given;
  }
}

/** Lets a response take no change of its headers, until the function that this gives is called. */
function deafen(res: Response): () => void {
  const kept = HEADER_CALLS.map((name) => [name, Object.getOwnPropertyDescriptor(res, name)] as const);
  for (const name of HEADER_CALLS) (res as unknown as Record<string, unknown>)[name] = () => res;
  return () => {
    for (const [name, own] of kept) {
      if (own) Object.defineProperty(res, name, own);
      else delete (res as unknown as Record<string, unknown>)[name];
    }
  };
}
