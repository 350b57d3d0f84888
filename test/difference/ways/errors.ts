import type { Response } from "express";
import { roundsAfter, turns, type Ways } from "../way.js";

/** The call before the error. */
const stages: Record<string, (res: Response) => unknown> = {
  nothing: () => undefined,
  "setting headers": (res) => res.status(201).set({ "X-Way": "set", "Content-Type": "text/csv" }),
  write: (res) => res.write("id,name\n"),
  writeHead: (res) => res.writeHead(200, { "Content-Type": "text/csv" }),
  flushHeaders: (res) => res.flushHeaders(),
  "early hints": (res) => res.writeEarlyHints({ link: "</a.css>; rel=preload" }),
  cork: (res) => res.cork(),
  end: (res) => res.end("a page"),
  send: (res) => res.send("a page"),
};

function after(stage: string, act: (res: Response) => unknown): Ways {
  return {
    [`an exception after ${stage}`]: ({ res, call }) => {
      call(stage, () => act(res));
      throw new Error("the handler failed");
    },
    [`next(error) after ${stage}`]: ({ res, call, next }) => {
      call(stage, () => act(res));
      next(new Error("the handler failed"));
    },
    [`next(error) rounds after ${stage}`]: async ({ res, call, next }) => {
      call(stage, () => act(res));
      await roundsAfter(stage, res);
      next(new Error("the handler failed"));
    },
    [`an error handler that always responds, after ${stage}`]: {
      answer: ({ res, call, next }) => {
        call(stage, () => act(res));
        next(new Error("the handler failed"));
      },
      onError: (_error, { res, call }) => call("json", () => res.status(500).json({ error: "failed" })),
    },
    [`next() after ${stage}`]: ({ res, call, next }) => {
      call(stage, () => act(res));
      next();
    },
    [`destroy after ${stage}`]: ({ res, call }) => {
      call(stage, () => act(res));
      call("destroy", () => res.destroy());
    },
    [`destroy rounds after ${stage}, then more`]: async ({ res, call, tries, callback }) => {
      call(stage, () => act(res));
      await roundsAfter(stage, res);
      res.on("error", callback("error"));
      call("destroy", () => res.destroy(new Error("gone")));
      tries("write", () => res.write("more"));
      tries("end", () => res.end("the end", callback("end")));
    },
    [`the socket is destroyed after ${stage}`]: ({ req, res, call }) => {
      call(stage, () => act(res));
      req.socket.destroy();
    },
  };
}

/** Errors before, during and after a response. */
export const errors: Ways = {
  ...Object.assign({}, ...Object.entries(stages).map(([stage, act]) => after(stage, act))),
  "a rejection": async () => {
    await turns();
    throw new Error("the handler failed");
  },
  "a rejection after write": async ({ res, call }) => {
    call("write", () => res.write("id,name\n"));
    await turns();
    throw new Error("the handler failed");
  },
  "an exception that nobody can catch, after send": ({ res, call }) => {
    call("send", () => res.send("a page"));
    setImmediate(() => {
      throw new Error("nobody caught this");
    });
  },
  "an error with a status and headers": ({ next }) =>
    next(Object.assign(new Error("not here"), { status: 404, headers: { "X-Way": "error" } })),
  "no response: a page that is not found": ({ next }) => next(),
  "no response: next route": ({ next }) => next("route"),
  "an error handler that leaves a started response alone": {
    answer: async ({ res, call }) => {
      call("write", () => res.write("it "));
      await turns();
      call("end", () => res.end("went well"));
    },
    onError: (error, { res, next }) => (res.headersSent ? undefined : next(error)),
  },
  "an error handler that streams": {
    answer: ({ next }) => next(new Error("the handler failed")),
    onError: async (_error, { res, call }) => {
      call("write", () => res.status(500).write("it "));
      await turns();
      call("end", () => res.end("failed"));
    },
  },
};
