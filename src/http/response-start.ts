import type { Response } from "express";
import { forRequest } from "../trace.js";
import { type Call, isPlain, rehearse } from "./dry-run.js";
import { HeadArguments } from "./head-arguments.js";
import { HeldResponse } from "./held-response.js";
import { ServerResponse } from "./node-http.js";
import { WaitingResponse } from "./waiting-response.js";

/** Code that runs before a response begins. */
export interface Start {
  /**
   * Called once, synchronously, just before the head of the response is made.
   *
   * @param isWhole true if the handler sends the whole response with one `end`, as `res.send`, `res.json` and
   * `res.redirect` do. Node writes the head only after the promise resolves. Before that, headers may be set
   * inside `changeHead`. False if the handler called `writeHead`, `write` or `flushHeaders` first. Headers must then be set
   * before this method returns
   * @returns a promise that the response waits for, or undefined
   */
  finish(isWhole: boolean): Promise<void> | undefined;
  /** Called if the promise is rejected or `finish` throws. Removes the headers that `finish` has set. */
  fail?(): void;
}

/**
 * More code that runs before a response begins. Its `finish` runs before the `finish` of the Start, and its `fail` runs
 * after the `fail` of the Start. Both methods set headers synchronously.
 */
export interface StartPart {
  finish(): void;
  fail(): void;
}

export type Method = (...args: unknown[]) => unknown;

/** The headers to remove if an error replaces the response. */
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
  "Trailer",
  "Transfer-Encoding",
];

/** Controls the start of one response. */
export class ResponseStart {
  #begun = false;
  /** Set while the response waits for the promise of `finish`. */
  #held: HeldResponse | undefined;
  #waiting: WaitingResponse | undefined;
  #parts: StartPart[] | undefined;
  /** The Starts that were added after the first. */
  #more: Start[] | undefined;

  constructor(
    readonly res: Response,
    readonly start: Start,
    readonly next: (error: unknown) => void,
  ) {}

  /** @param isReplacement did earlier middleware replace the method with `original`? */
  call(name: Call, original: Method, args: unknown[], isReplacement: boolean): unknown {
    const { res } = this;
    if (this.#waiting) return isReplacement ? afterResponse(res, name, args) : original.apply(res, args);
    if (this.#begun && !this.#held) return original.apply(res, args);
    if (!isPlain(res, name, args)) {
      const { error, hasHead } = rehearse(res, name, args);
      if (error) return this.#refuse(error, hasHead, original, args);
    }
    const isWhole = name === "end" && !res.headersSent;
    const given = this.#begun ? args : this.#begin(isWhole, name, args);
    if (!this.#held || !isWhole) return original.apply(res, given);
    const { error, hasHead, changes } = rehearse(res, name, args);
    if (error) return this.#refuse(error, hasHead, original, args);
    this.#waiting = new WaitingResponse(res, changes, original, args);
    return res;
  }

  get hasBegun(): boolean {
    return this.#begun;
  }

  /** Adds another Start. Does nothing if the response has begun. */
  add(start: Start): void {
    this.#more ??= [];
    this.#more.push(start);
  }

  join(part: StartPart): void {
    this.#parts ??= [];
    this.#parts.push(part);
    if (this.#begun) part.finish();
  }

  change(change: () => void): void {
    if (this.#waiting) this.#waiting.without(change);
    else if (!this.res.headersSent) change();
  }

  /**
   * Throws Node's error for an invalid call. If Node makes the head before it throws, this method makes the head too.
   */
  #refuse(error: unknown, hasHead: boolean, original: Method, args: unknown[]): unknown {
    if (hasHead && !this.#begun) this.#finish(false);
    if (!hasHead || !this.#held) return original.apply(this.res, args);
    if (!this.res.headersSent) this.res.writeHead(this.res.statusCode);
    throw error;
  }

  #begin(isWhole: boolean, name: Call, args: unknown[]): unknown[] {
    if (name === "writeHead" && args.length > 1 && !this.res.headersSent) {
      return new HeadArguments(args).with(this.res, () => this.#finish(false));
    }
    this.#finish(isWhole);
    return args;
  }

  #finish(isWhole: boolean): void {
    this.#begun = true;
    let saving: Promise<void> | undefined;
    try {
      if (this.#parts) for (const part of this.#parts) part.finish();
      saving = forRequest(this.res.req, () => this.#finishStarts(isWhole));
    } catch (error) {
      saving = Promise.reject(error);
    }
    if (!saving) return;
    this.#held = new HeldResponse(this.res);
    // With nextTick, an exception in a listener of the response is an uncaught exception, as without latchkey. Without
    // nextTick, it would be a promise rejection.
    saving.then(
      () => process.nextTick(() => this.#saved()),
      (error: unknown) => process.nextTick(() => this.#failed(error)),
    );
  }

  /** Finishes every Start, even if one of them fails. */
  #finishStarts(isWhole: boolean): Promise<void> | undefined {
    if (!this.#more) return this.start.finish(isWhole);
    const finishing = [this.start, ...this.#more].map((start) => {
      try {
        return start.finish(isWhole);
      } catch (error) {
        return Promise.reject(error);
      }
    });
    const saving = finishing.filter((one) => one !== undefined);
    if (saving.length === 0) return undefined;
    return Promise.allSettled(saving).then(async () => void (await Promise.all(saving)));
  }

  #saved(): void {
    const [held, waiting] = this.#settle();
    const late = waiting?.hide();
    held.release(() => {
      try {
        if (late) waiting?.give(late);
      } catch (error) {
        this.#replace(error);
      }
    });
  }

  #failed(error: unknown): void {
    const [held, waiting] = this.#settle();
    if (waiting) {
      waiting.hide();
      waiting.giveUp();
      held.release(() => this.#replace(error));
    } else if (this.res.headersSent) {
      held.cut();
      this.next(error);
    } else {
      // Node rejected the handler's `end`, and the handler has sent nothing else yet.
      held.release(() => this.#fail());
    }
  }

  #settle(): [HeldResponse, WaitingResponse | undefined] {
    const settled = [this.#held!, this.#waiting] as [HeldResponse, WaitingResponse | undefined];
    this.#held = this.#waiting = undefined;
    return settled;
  }

  #fail(): void {
    this.start.fail?.();
    if (this.#more) for (const start of this.#more) start.fail?.();
    if (this.#parts) for (const part of this.#parts) part.fail();
  }

  /** Replaces the response with an error. */
  #replace(error: unknown): void {
    const { res } = this;
    if (!res.headersSent) {
      this.#fail();
      for (const name of ANSWER_HEADERS) if (res.hasHeader(name)) res.removeHeader(name);
      res.statusMessage = "";
    }
    this.next(error);
  }
}

/**
 * Handles a call after `end`, if the method was replaced. Replacements of `write` and `end` usually ignore such a call;
 * the other methods throw Node's error.
 */
function afterResponse(res: Response, name: Call, args: unknown[]): unknown {
  if (name === "write" || name === "end") return false;
  return (ServerResponse.prototype[name] as Method).apply(res, args);
}
