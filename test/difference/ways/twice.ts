import type { Response } from "express";
import { roundsAfter, type Ways } from "../way.js";

/** Calls that start or end a response. */
const firsts: Record<string, (res: Response) => unknown> = {
  write: (res) => res.write("a"),
  writeHead: (res) => res.writeHead(200, { "X-Way": "first" }),
  flushHeaders: (res) => res.flushHeaders(),
  end: (res) => res.end("a page"),
  send: (res) => res.send("a page"),
};

/** Calls that are too late after one of these. */
const seconds: Record<string, (res: Response, callback: (error?: unknown) => void) => unknown> = {
  setHeader: (res) => res.setHeader("X-Late", "1"),
  setHeaders: (res) => res.setHeaders?.(new Map([["X-Late", "1"]])),
  appendHeader: (res) => res.appendHeader("X-Late", "1"),
  removeHeader: (res) => res.removeHeader("X-Way"),
  "set and cookie": (res) => res.cookie("late", "1"),
  "reading headers": (res) => {
    const names = res.getHeaderNames().filter((name) => !["vary", "set-cookie", "cache-control"].includes(name));
    return JSON.stringify([res.getHeader("x-way"), res.hasHeader("X-Way"), names]);
  },
  writeHead: (res) => res.writeHead(404, { "X-Late": "1" }),
  flushHeaders: (res) => res.flushHeaders(),
  writeEarlyHints: (res) => res.writeEarlyHints({ link: "</late.css>; rel=preload" }),
  statusCode: (res) => void Object.assign(res, { statusCode: 500 }),
  statusMessage: (res) => void Object.assign(res, { statusMessage: "Late" }),
  write: (res, callback) => res.write("late", callback),
  end: (res, callback) => res.end("late", callback),
  "end of nothing": (res) => res.end(),
  "end with a callback alone": (res, callback) => res.end(callback),
  send: (res) => res.send("late"),
  json: (res) => res.json({ late: true }),
  redirect: (res) => res.redirect("/late"),
  addTrailers: (res) => res.addTrailers({ "X-Late": "1" }),
  cork: (res) => res.cork(),
  setTimeout: (res) => res.setTimeout(1000),
  "write of a number": (res) => res.write(42),
  "end of a number": (res) => res.end(42),
};

/** Calls that end a response. */
const ENDING = /^(end|send|json|redirect)/;

function both(first: string, second: string): Ways {
  const begin = firsts[first]!;
  const late = seconds[second]!;
  return {
    [`${second} after ${first}`]: ({ res, call, tries, callback }) => {
      call(first, () => begin(res));
      const isTaken = tries(second, () => late(res, callback(second)));
      if (!ENDING.test(first) && !(isTaken && ENDING.test(second))) tries("end", () => res.end("the end"));
    },
    [`${second} rounds after ${first}`]: async ({ res, call, tries, callback }) => {
      res.on("error", callback("error"));
      call(first, () => begin(res));
      await roundsAfter(first, res);
      const isTaken = tries(second, () => late(res, callback(second)));
      if (!ENDING.test(first) && !(isTaken && ENDING.test(second))) tries("end", () => res.end("the end"));
    },
  };
}

/** Responses that are started, and then changed or sent again. */
export const twice: Ways = Object.assign(
  {},
  ...Object.keys(firsts).flatMap((first) => Object.keys(seconds).map((second) => both(first, second))),
);
