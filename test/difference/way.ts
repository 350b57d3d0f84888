import type { Express, NextFunction, Request, Response } from "express";

/** A module's exports: `express` or `express4`. */
export type ExpressModule = (() => Express) & { static(folder: string): (...args: unknown[]) => unknown };

/** The arguments of a way to respond. */
export interface Handling {
  req: Request;
  res: Response;
  next: NextFunction;
  express: ExpressModule;
  /** A folder of files that are the same for every application. */
  folder: string;
  /**
   * Makes a call on the response. Records what the call returns or throws, and the state of the response after it.
   * Returns or throws the same.
   */
  call<T>(name: string, act: () => T): T;
  /** Does the same as `call`, but catches an exception. Returns true if there was no exception. */
  tries(name: string, act: () => unknown): boolean;
  /** Returns a callback that records each of its calls, with the error. */
  callback(name: string): (error?: unknown) => void;
  /** Records an event. */
  event(text: string): void;
}

/** One way to respond to a request: what a handler does with `res`. */
export type Answer = (handling: Handling) => unknown;

export interface Way {
  answer: Answer;
  /** The method of the request. @default "GET" */
  method?: string;
  /** The part of the request's URL after `/way`. */
  query?: string;
  headers?: Record<string, string>;
  /** An error handler that runs instead of the one from Express's guide. */
  onError?: (error: unknown, handling: Handling) => unknown;
  /** When the client leaves, if it does not wait for the response. */
  leaves?: "before the response" | "at the first bytes";
}

export type Ways = Record<string, Answer | Way>;

/** Waits for a few rounds of the event loop. */
export async function turns(count = 3): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Waits for a few rounds after a call. If the call ends the response, waits for the close first. */
export async function roundsAfter(stage: string, res: Response): Promise<void> {
  if ((stage === "end" || stage === "send") && !res.closed) await next(res, "close");
  await turns();
}

/** Resolves at the next event of this name. */
export function next(emitter: NodeJS.EventEmitter, event: string): Promise<unknown> {
  return new Promise((resolve) => emitter.once(event, resolve));
}
