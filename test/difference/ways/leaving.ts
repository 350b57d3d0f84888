import { pipeline, Readable } from "node:stream";
import type { Response } from "express";
import { type Answer, type Handling, next, turns, type Ways } from "../way.js";

/** Calls after the client has left. */
const late: Record<string, (res: Response, handling: Handling) => unknown> = {
  send: (res) => res.send("a page"),
  json: (res) => res.json({ page: 1 }),
  "end with a callback": (res, { callback }) => res.end("a page", callback("end")),
  "write and end": (res) => {
    res.write("a");
    return res.end("b");
  },
  writeHead: (res) => res.writeHead(200).end("b"),
  flushHeaders: (res) => res.flushHeaders(),
  sendFile: (res, { folder, callback }) => res.sendFile("large.txt", { root: folder }, callback("sendFile")),
  pipe: (res) => void Readable.from(["a", "b"]).pipe(res),
  pipeline: (res, { callback }) => void pipeline(Readable.from(["a", "b"]), res, callback("pipeline")),
  "next(error)": (_res, { next }) => next(new Error("the client left")),
  destroy: (res) => void res.destroy(),
};

const afterLeaving =
  (act: (res: Response, handling: Handling) => unknown): Answer =>
  async (handling) => {
    const { res, tries, callback } = handling;
    res.on("error", callback("error"));
    await next(res, "close");
    tries("the response", () => act(res, handling));
  };

const halfWay =
  (act: (res: Response, handling: Handling) => unknown): Answer =>
  async (handling) => {
    const { res, call, tries, callback } = handling;
    res.on("error", callback("error"));
    call("write", () => res.type("application/octet-stream").write("first\n"));
    await next(res, "close");
    await turns();
    tries("the rest", () => act(res, handling));
  };

/** Clients that do not wait for the response. */
export const leaving: Ways = Object.assign(
  {},
  ...Object.entries(late).map(
    ([name, act]): Ways => ({
      [`the client leaves, then ${name}`]: { leaves: "before the response", answer: afterLeaving(act) },
      // `sendFile` is left out, because it is random which of its two errors comes first.
      ...(name !== "sendFile" && {
        [`the client leaves half-way, then ${name}`]: {
          leaves: "at the first bytes",
          // Without this, compression would wait for more bytes and send nothing.
          headers: { "accept-encoding": "identity" },
          answer: halfWay(act),
        },
      }),
    }),
  ),
);
