import { createReadStream } from "node:fs";
import { PassThrough, Readable, Transform, Writable, pipeline as withCallback } from "node:stream";
import { pipeline } from "node:stream/promises";
import { ReadableStream } from "node:stream/web";
import { createGzip } from "node:zlib";
import type { Response } from "express";
import { next, turns, type Way, type Ways } from "../way.js";

/** A response with the method that `compression` adds. */
type Flushing = Response & { flush?: () => void };

const piece = (n: number) => `${n}:`.padEnd(1000, "-");
const pieces = (count: number) => Array.from({ length: count }, (_, n) => piece(n));

/** Sends this many pieces of 1 kB with `pipeline`. */
const rows =
  (count: number): Way["answer"] =>
  async ({ res, call, event }) => {
    await call("pipeline", () => pipeline(Readable.from(pieces(count)), res));
    event("the pipeline is done");
  };

/** Responses in pieces. */
export const streams: Ways = {
  "write, end": ({ res, call }) => {
    call("write", () => res.write("a"));
    call("end", () => res.end("b"));
  },
  "write: many at once": ({ res, call }) => {
    for (let n = 0; n < 12; n++) call("write", () => res.write(piece(n)));
    call("end", () => res.end());
  },
  "write: one each round": async ({ res, call }) => {
    for (let n = 0; n < 12; n++) {
      call("write", () => res.write(piece(n)));
      await turns(1);
    }
    call("end", () => res.end());
  },
  "write: with callbacks": ({ res, call, callback }) => {
    call("write", () => res.write("a", callback("write 1")));
    call("write", () => res.write("c3a9", "hex", callback("write 2")));
    call("end", () => res.end("b", callback("end")));
  },
  "write: waits for each callback": async ({ res, call, event }) => {
    for (let n = 0; n < 3; n++) await new Promise((resolve) => res.write(piece(n), resolve));
    event("written");
    call("end", () => res.end());
  },
  "write: Buffers and Uint8Arrays": ({ res, call }) => {
    call("write", () => res.write(Buffer.from([1, 2])));
    call("write", () => res.write(new Uint8Array([3, 4])));
    call("end", () => res.end(Buffer.from([5])));
  },
  "write: an empty text first": ({ res, call }) => {
    call("write", () => res.write(""));
    call("end", () => res.end("b"));
  },
  "write: empty pieces between": ({ res, call }) => {
    for (const text of ["a", "", "b"]) call("write", () => res.write(text));
    call("write", () => res.write(Buffer.alloc(0)));
    call("end", () => res.end(""));
  },
  "write: with a Content-Length": ({ res, call }) => {
    res.set({ "Content-Length": "2", "Content-Type": "image/png" });
    call("write", () => res.write("a"));
    call("end", () => res.end("b"));
  },
  "write: 200 kB at once": async ({ res, event }) => {
    if (!res.write("x".repeat(200_000))) await next(res, "drain");
    event("drained");
    res.end();
  },
  "write: 200 kB in pieces, waits for drain": async ({ res, event }) => {
    for (const text of pieces(200)) if (!res.write(text)) await next(res, "drain");
    event("drained");
    res.end();
  },
  "write: 200 kB in pieces, waits for nothing": ({ res, call }) => {
    for (const text of pieces(200)) res.write(text);
    call("end", () => res.end());
  },
  "write: to HEAD": {
    method: "HEAD",
    answer: ({ res, call }) => {
      call("write", () => res.write("a"));
      call("end", () => res.end("b"));
    },
  },
  "write: under a 304": ({ res, call }) => {
    call("write", () => res.status(304).write("a"));
    call("end", () => res.end());
  },
  cork: ({ res, call }) => {
    call("cork", () => res.cork());
    call("write", () => res.write("a"));
    call("write", () => res.write("b"));
    call("uncork", () => res.uncork());
    call("end", () => res.end("c"));
  },
  "cork: twice, uncorked rounds later": async ({ res, call }) => {
    call("cork", () => res.cork());
    call("write", () => res.write("a"));
    call("cork", () => res.cork());
    await turns();
    call("uncork", () => res.uncork());
    call("uncork", () => res.uncork());
    call("write", () => res.write("b"));
    call("end", () => res.end("c"));
  },
  "cork: ended corked": ({ res, call }) => {
    call("cork", () => res.cork());
    call("write", () => res.write("a"));
    call("end", () => res.end("b"));
  },
  "server-sent events": async ({ res, call }) => {
    call("writeHead", () => res.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-cache" }));
    for (let n = 0; n < 3; n++) {
      call("write", () => res.write(`data: ${n}\n\n`));
      call("flush", () => (res as Flushing).flush?.());
      await turns();
    }
    call("end", () => res.end());
  },
  "server-sent events: after flushHeaders": async ({ res, call }) => {
    call("flushHeaders", () => res.type("text/event-stream").flushHeaders());
    await turns();
    call("write", () => res.write("data: 1\n\n"));
    call("flush", () => (res as Flushing).flush?.());
    call("end", () => res.end());
  },
  "pipe: pieces of a Readable": ({ res, call }) => void call("pipe", () => Readable.from(pieces(20)).pipe(res) === res),
  "pipe: 200 kB": ({ res, call }) => void call("pipe", () => Readable.from(pieces(200)).pipe(res) === res),
  "pipe: 100 B": ({ res, call }) => void call("pipe", () => Readable.from(["x".repeat(100)]).pipe(res) === res),
  "pipe: nothing": ({ res, call }) => void call("pipe", () => Readable.from([]).pipe(res) === res),
  "pipe: a file": ({ res, folder }) => void createReadStream(`${folder}/large.txt`).pipe(res.type("text")),
  "pipe: a file of 1 MB under a Content-Length": ({ res, folder }) =>
    void createReadStream(`${folder}/huge.txt`).pipe(res.set("Content-Length", "1000000").type("text")),
  "pipe: after a write": ({ res, call }) => {
    call("write", () => res.write("first\n"));
    Readable.from(pieces(20)).pipe(res);
  },
  "pipe: after writeHead": ({ res, call, folder }) => {
    call("writeHead", () => res.writeHead(200, { "Content-Type": "text/plain" }));
    createReadStream(`${folder}/large.txt`).pipe(res);
  },
  "pipe: without end": async ({ res, call }) => {
    const from = Readable.from(pieces(5));
    from.pipe(res, { end: false });
    await next(from, "end");
    call("end", () => res.end("the end"));
  },
  "pipe: a gzipped stream": ({ res, folder }) =>
    void createReadStream(`${folder}/large.txt`).pipe(createGzip()).pipe(res.set("Content-Encoding", "gzip")),
  "pipe: through a PassThrough": ({ res }) => {
    const through = new PassThrough();
    through.pipe(res);
    for (const text of pieces(30)) through.write(text);
    through.end();
  },
  "pipe: to HEAD": { method: "HEAD", answer: ({ res }) => void Readable.from(pieces(20)).pipe(res) },
  "pipe: a stream that fails half-way": ({ res, event }) => {
    const from = Readable.from(pieces(3));
    from.on("error", (error) => {
      event(error.message);
      res.destroy(error);
    });
    from.pipe(res);
    res.once("pipe", () => from.once("data", () => from.destroy(new Error("the disk is gone"))));
  },
  "pipeline: 1 kB": rows(1),
  "pipeline: 20 kB": rows(20),
  "pipeline: 200 kB": rows(200),
  "pipeline: with a callback": ({ res, callback }) =>
    void withCallback(Readable.from(pieces(100)), res, callback("pipeline")),
  "pipeline: through a Transform": ({ res, callback }) => {
    const upper = new Transform({ transform: (chunk, _encoding, done) => done(null, String(chunk).toUpperCase()) });
    withCallback(Readable.from(pieces(100)), upper, res, callback("pipeline"));
  },
  "pipeline: a source that fails at once": async ({ res, call }) => {
    const failing = new Readable({ read: () => {} });
    failing.destroy(new Error("no such row"));
    await call("pipeline", () => pipeline(failing, res));
  },
  "pipeline: a source that fails half-way": ({ res, callback }) => {
    async function* failing() {
      yield piece(0);
      await turns();
      throw new Error("the disk is gone");
    }
    withCallback(Readable.from(failing()), res, callback("pipeline"));
  },
  "web streams: Readable.fromWeb": ({ res }) => {
    const web = new ReadableStream({
      start(controller) {
        for (const text of pieces(20)) controller.enqueue(Buffer.from(text));
        controller.close();
      },
    });
    Readable.fromWeb(web).pipe(res);
  },
  "web streams: Writable.toWeb": async ({ res, event }) => {
    const writer = Writable.toWeb(res).getWriter();
    for (const text of pieces(20)) await writer.write(Buffer.from(text));
    await writer.close();
    event("closed");
  },
  "web streams: the body of a Response": ({ res }) => {
    const { body } = new globalThis.Response(pieces(20).join(""));
    Readable.fromWeb(body as ReadableStream).pipe(res.type("text"));
  },
  "an async iteration": async ({ res, call }) => {
    for await (const text of Readable.from(pieces(40))) if (!res.write(text)) await next(res, "drain");
    call("end", () => res.end());
  },
};
