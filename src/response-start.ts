import type { Response } from "express";
import onHeaders from "on-headers";

/** What happens before a response begins. */
interface Start {
  /** Sets its headers; what it gives is waited for, where the response can wait. */
  finish(): Promise<void> | undefined;
  /** The answer is given up for an error; takes back what `finish` has set. */
  fail?(): void;
}

type Call = "writeHead" | "write" | "end" | "flushHeaders";
type Handled = Response & { [START]?: ResponseStart };

const START = Symbol("latchkey.response-start");

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
  (res as Handled)[START] = new ResponseStart(res, start, next);
  res.writeHead = writeHead as Response["writeHead"];
  res.write = write;
  res.end = end;
  res.flushHeaders = flushHeaders;
}

function writeHead(this: Response, ...args: unknown[]): Response {
  return (this as Handled)[START]!.writeHead(args);
}

function write(this: Response, ...args: unknown[]): never {
  return (this as Handled)[START]!.call("write", args) as never;
}

function end(this: Response, ...args: unknown[]): never {
  return (this as Handled)[START]!.call("end", args) as never;
}

function flushHeaders(this: Response): void {
  (this as Handled)[START]!.call("flushHeaders", []);
}

class ResponseStart {
  readonly #writeHead: Response["writeHead"];
  readonly #write: Response["write"];
  readonly #end: Response["end"];
  readonly #flushHeaders: Response["flushHeaders"];
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
  ) {
    this.#writeHead = res.writeHead;
    this.#write = res.write;
    this.#end = res.end;
    this.#flushHeaders = res.flushHeaders;
  }

  /** Node calls it too, for a response that begins without it. */
  writeHead(args: unknown[]): Response {
    const { res } = this;
    if (this.#begun) return this.#waiting || this.#isOver ? res : (this.#run("writeHead", args) as Response);
    // Its headers are set first, so that `finish` finds them.
    let rest: unknown[] = [];
    res.writeHead = (...given: unknown[]) => {
      rest = given;
      return res;
    };
    onHeaders(res, () => {});
    (res.writeHead as (...args: unknown[]) => void)(...args);
    res.writeHead = writeHead as Response["writeHead"];
    return this.call("writeHead", rest) as Response;
  }

  call(name: Call, args: unknown[]): unknown {
    const { res } = this;
    if (this.#isOver) return name === "write" ? false : res;
    if (!this.#begun) {
      try {
        this.#wait(this.#finish());
      } catch (error) {
        this.#giveUp(error);
        return name === "write" ? false : res;
      }
    }
    if (!this.#waiting) return this.#run(name, args);
    if (this.#isWhole) return name === "write" ? false : res;
    this.#waiting.push(() => this.#run(name, args));
    this.#isWhole = name === "end";
    return name === "write" ? false : res;
  }

  #finish(): Promise<void> | undefined {
    this.#begun = true;
    return this.start.finish();
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

  #run(name: Call, args: unknown[]): unknown {
    const { res } = this;
    const given = this.#original(name).apply(res, args);
    if (name === "end" && this.#isGuarded && res.headersSent) {
      this.#isOver = true;
      deafen(res);
    }
    return given;
  }

  #original(name: Call): (...args: unknown[]) => unknown {
    switch (name) {
      case "writeHead":
        return this.#writeHead as (...args: unknown[]) => unknown;
      case "write":
        return this.#write as (...args: unknown[]) => unknown;
      case "end":
        return this.#end as (...args: unknown[]) => unknown;
      case "flushHeaders":
        return this.#flushHeaders;
    }
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
