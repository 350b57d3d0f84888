import type { Express, NextFunction, Request, Response } from "express";

/** A module's exports: `express` or `express4`. */
export type ExpressModule = (() => Express) & { static(folder: string): (...args: unknown[]) => unknown };

/** What a way of answering is given. */
export interface Handling {
  req: Request;
  res: Response;
  next: NextFunction;
  express: ExpressModule;
  /** A folder of files that are the same for every application. */
  folder: string;
  /** Notes what a call on the response returns or throws, and the state of the response after it. Returns or throws the same. */
  call<T>(name: string, act: () => T): T;
  /** The same, but catches an exception; returns true if there was none. */
  tries(name: string, act: () => unknown): boolean;
  /** A callback that notes that it was called, and with which error. */
  callback(name: string): (error?: unknown) => void;
  /** Notes an event. */
  event(text: string): void;
}

/** One way of answering a request: what a handler does with `res`. */
export type Answer = (handling: Handling) => unknown;

export interface Way {
  answer: Answer;
  /** The method of the request. @default "GET" */
  method?: string;
  /** What follows `/way` in the URL of the request. */
  query?: string;
  headers?: Record<string, string>;
  /** An error handler before the one from Express's guide. */
  onError?: (error: unknown, handling: Handling) => unknown;
  /** When the client leaves, if it does not wait for the answer. */
  leaves?: "before the answer" | "at the first bytes";
}

export type Ways = Record<string, Answer | Way>;

/** A few rounds of the event loop. */
export async function turns(count = 3): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Resolves some rounds after a call, or when the response is closed after a call that ends it. */
export async function roundsAfter(stage: string, res: Response): Promise<void> {
  if ((stage === "end" || stage === "send") && !res.closed) await next(res, "close");
  await turns();
}

/** Resolves at the next event of this name. */
export function next(emitter: NodeJS.EventEmitter, event: string): Promise<unknown> {
  return new Promise((resolve) => emitter.once(event, resolve));
}
