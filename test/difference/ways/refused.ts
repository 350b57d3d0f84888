import type { Response } from "express";
import { turns, type Way, type Ways } from "../way.js";

/** Calls that Node or Express rejects. */
const refusals: Record<string, (res: Response) => unknown> = {
  "writeHead: a header with characters beyond U+00FF": (res) =>
    res.writeHead(200, { "Content-Disposition": 'attachment; filename="☃.pdf"' }),
  "writeHead: a header with a newline": (res) => res.writeHead(200, { "X-Way": "a\r\nSet-Cookie: b=1" }),
  "writeHead: an undefined header": (res) => res.writeHead(200, { "X-Way": undefined as never }),
  "writeHead: a malformed name": (res) => res.writeHead(200, { "X Way": "1" }),
  "writeHead: a good header, then a bad one": (res) => res.writeHead(200, { "X-Good": "1", "X-Bad": "☃" }),
  "writeHead: a bad header in a flat array": (res) => res.writeHead(200, ["X-Good", "1", "X-Bad", "☃"] as never),
  "writeHead: an array of odd length": (res) => res.writeHead(200, ["X-Way"] as never),
  "writeHead: 99": (res) => res.writeHead(99),
  "writeHead: 1000": (res) => res.writeHead(1000),
  'writeHead: "abc"': (res) => res.writeHead("abc" as never),
  "writeHead: a reason with a newline": (res) => res.writeHead(200, "All\nGood"),
  "writeHead: a reason beyond U+00FF": (res) => res.writeHead(200, "山田"),
  "setHeader: beyond U+00FF": (res) => res.setHeader("X-Way", "☃"),
  "setHeader: undefined": (res) => res.setHeader("X-Way", undefined as never),
  "write: a number": (res) => res.write(42),
  "write: undefined": (res) => res.write(undefined),
  "write: null": (res) => res.write(null),
  "write: an object": (res) => res.write({}),
  "write: an unknown encoding": (res) => res.write("a", "nope" as never),
  "end: a number": (res) => res.end(12),
  "end: an object": (res) => res.end({}),
  "end: true": (res) => res.end(true),
  "end: an unknown encoding": (res) => res.end("a", "nope" as never),
  "end: a body that is too long for strictContentLength": (res) => {
    res.strictContentLength = true;
    return res.set({ "Content-Length": "3", "Content-Type": "image/png" }).end("12345");
  },
  "end: a body that is too short for strictContentLength": (res) => {
    res.strictContentLength = true;
    return res.set({ "Content-Length": "9", "Content-Type": "image/png" }).end("12345");
  },
  "write: a body that is too long for strictContentLength": (res) => {
    res.strictContentLength = true;
    return res.set({ "Content-Length": "3", "Content-Type": "image/png" }).write("12345");
  },
  "addTrailers: a bad value": (res) => res.addTrailers({ "X-Way": "☃" }),
  "json: a cycle": (res) => {
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    return res.json(cycle);
  },
  "json: a BigInt": (res) => res.json(1n),
  "status: 11000": (res) => res.status(11000).json({}),
  'status: "abc"': (res) => res.status("abc" as never).json({}),
  "sendStatus: 1000": (res) => res.sendStatus(1000),
  "redirect: 1000": (res) => res.redirect(1000, "/there"),
  "setTimeout: no number": (res) => res.setTimeout("abc" as never),
  "writeEarlyHints: beyond U+00FF": (res) => res.writeEarlyHints({ link: "</a>; rel=preload", "x-way": "☃" }),
};

/** Statuses and messages that are invalid in a head. */
const badHeads: Record<string, (res: Response) => void> = {
  "statusCode 1000": (res) => void Object.assign(res, { statusCode: 1000 }),
  "statusCode 99": (res) => void Object.assign(res, { statusCode: 99 }),
  "statusCode 0": (res) => void Object.assign(res, { statusCode: 0 }),
  "statusCode undefined": (res) => void Object.assign(res, { statusCode: undefined as never }),
  'statusCode "abc"': (res) => void Object.assign(res, { statusCode: "abc" as never }),
  'statusCode "404"': (res) => void Object.assign(res, { statusCode: "404" as never }),
  "a statusMessage with a newline": (res) => void Object.assign(res, { statusMessage: "All\r\nGood" }),
  "a statusMessage beyond U+00FF": (res) => void Object.assign(res, { statusMessage: "山田" }),
};

/** The calls that make the head. */
const heads: Record<string, (res: Response) => unknown> = {
  end: (res) => res.end("a page"),
  send: (res) => res.send("a page"),
  write: (res) => res.write("a page"),
  flushHeaders: (res) => res.flushHeaders(),
};

/** Two ways: the error goes to the error handler, or the handler catches the error and responds differently. */
function refused(name: string, act: (res: Response) => unknown): Ways {
  return {
    [name]: ({ res, call, next }) => {
      try {
        call("the call", () => act(res));
        if (!res.writableEnded) call("end", () => res.end("the end"));
      } catch (error) {
        next(error);
      }
    },
    [`${name}; caught, then another response`]: ({ res, tries, call }) => {
      const isTaken = tries("the call", () => act(res));
      if (!isTaken && !res.headersSent) {
        res.statusCode = 200;
        res.statusMessage = "";
        tries("writeHead", () => res.writeHead(200, { "X-Way": "anew" }));
      }
      if (!res.writableEnded) call("end", () => res.end("the end"));
    },
  };
}

const afterAnError: Record<string, Way> = {
  "an error handler that sets an invalid status": {
    answer: ({ next }) => next(Object.assign(new Error("duplicate key"), { code: 11000 })),
    onError: (error, { res, call }) => {
      res.statusCode = (error as { code: number }).code;
      call("json", () => res.json({ error: "duplicate key" }));
    },
  },
  "write: a number, rounds after a good piece": {
    answer: async ({ res, call, tries }) => {
      call("write", () => res.write("good"));
      await turns();
      tries("write", () => res.write(42));
      call("end", () => res.end());
    },
  },
};

/** Responses with a call that Node or Express rejects. */
export const refusing: Ways = {
  ...Object.assign({}, ...Object.entries(refusals).map(([name, act]) => refused(name, act))),
  ...Object.assign(
    {},
    ...Object.entries(badHeads).flatMap(([bad, set]) =>
      Object.entries(heads).map(([name, act]) =>
        refused(`${name}: ${bad}`, (res) => {
          set(res);
          return act(res);
        }),
      ),
    ),
  ),
  ...afterAnError,
};
