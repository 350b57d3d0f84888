import { createReadStream, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { NextFunction, Request, Response } from "express";

/** A handler that sends a response in one way. It passes what it observes to `note`. */
export type Way = (res: Response, note: (seen: unknown) => void, next: NextFunction, req: Request) => unknown;

const ROWS = Array.from({ length: 40 }, (_, row) => `${row},${"x".repeat(1000)}\n`);
const file = join(mkdtempSync(join(tmpdir(), "latchkey-answers-")), "rows.csv");
writeFileSync(file, ROWS.join(""));

/** The code of the error that `run` throws, or "accepted" if it does not throw. */
function refusal(run: () => unknown): unknown {
  try {
    run();
    return "accepted";
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

/** The state of a response, as Node reports it. */
function state({ headersSent, writableEnded, finished, statusCode, statusMessage, destroyed }: Response): unknown {
  return { headersSent, writableEnded, finished, statusCode, statusMessage, destroyed };
}

const SNOWMAN = { "X-First": "1", "Content-Disposition": 'attachment; filename="☃.pdf"' };
/** A body that looks like a complete HTTP response. */
const FILE = Buffer.from("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nowned");

/** Calls that Node rejects with an error. */
export const refused: Record<string, Way> = {
  "writeHead with a value above U+00FF": (res) => res.writeHead(200, SNOWMAN).end(FILE),
  "writeHead with a newline in a value": (res) => res.writeHead(200, { "X-A": "a\r\nX-B: b" }).end(FILE),
  "writeHead with undefined as a value": (res) => res.writeHead(200, { "X-A": undefined }).end(FILE),
  "writeHead with an invalid name in a list": (res) => res.writeHead(200, ["X A", "1"]).end(FILE),
  "writeHead with a list of odd length": (res) => res.writeHead(200, ["X-A", "1", "X-B"]).end(FILE),
  "writeHead with a list of pairs": (res) => res.writeHead(200, [["X-A", "1"]] as never).end(FILE),
  "writeHead that Node rejects, and then a valid one": (res, note) => {
    note(refusal(() => res.writeHead(200, SNOWMAN)));
    note(state(res));
    res.writeHead(200, { "X-Second": "2", "Content-Disposition": "attachment" });
    res.end(FILE);
  },
  "writeHead that Node rejects, and then a valid list with a cookie": (res, note) => {
    note(refusal(() => res.writeHead(200, SNOWMAN)));
    res.writeHead(200, ["X-Second", "2", "Set-Cookie", "own=1"]).end(FILE);
  },
  "writeHead that Node rejects, and then only end": (res, note) => {
    note(refusal(() => res.writeHead(200, SNOWMAN)));
    res.end(FILE);
  },
  "writeHead with status 99": (res) => res.writeHead(99).end("x"),
  "write of a number": (res) => res.write(42),
  "write of undefined": (res) => res.write(undefined),
  "write of null": (res) => res.write(null),
  "write of an object, and then end": (res, note) => {
    note(refusal(() => res.write({})));
    note(state(res));
    res.end("x");
  },
  "end with a number": (res) => res.end(12),
  "end with an object": (res) => res.end({}),
  "end with an object, and then a valid end": (res, note) => {
    note(refusal(() => res.end({})));
    res.statusCode = 202;
    res.end("good");
  },
  "status 1000": (res) => {
    res.statusCode = 1000;
    res.end("x");
  },
  "status 0": (res) => {
    res.statusCode = 0;
    res.write("x");
  },
  "status undefined": (res) => {
    res.statusCode = undefined as never;
    res.end("x");
  },
  'status "abc"': (res) => {
    res.statusCode = "abc" as never;
    res.flushHeaders();
  },
  "an error handler that uses the error code of a driver as the status": (res, note) => {
    res.statusCode = 11_000;
    note(refusal(() => res.json({ code: 11_000 })));
    note(state(res));
    res.statusCode = 500;
    res.json({ code: 11_000 });
  },
  "a status message with a newline": (res) => {
    res.statusMessage = "a\nb";
    res.end("x");
  },
  "a status message that is not latin1": (res) => {
    res.statusMessage = "山田";
    res.end("x");
  },
  "end with an unknown encoding": (res, note) => {
    note(refusal(() => res.end("x", "foo" as never)));
    note(state(res));
    throw new Error("an encoding");
  },
  "write with an unknown encoding": (res, note) => {
    note(refusal(() => res.write("x", "foo" as never)));
    note(state(res));
    throw new Error("an encoding");
  },
  "end with an unknown encoding, for HEAD or 204": (res) => void res.status(204).end("x", "foo" as never),
  "a body that is too long": (res, note) => {
    res.strictContentLength = true;
    res.setHeader("Content-Length", "2");
    note(refusal(() => res.end("long")));
    throw new Error("too long");
  },
  "a write that is too long": (res, note) => {
    res.strictContentLength = true;
    res.setHeader("Content-Length", "5");
    note(refusal(() => res.write("abc")));
    note(refusal(() => res.write("abcdef")));
    throw new Error("too long");
  },
  "a trailer in a response that is not chunked": (res, note) => {
    res.setHeader("Trailer", "X-Sum");
    res.setHeader("Content-Length", "1");
    note(refusal(() => res.end("x")));
    res.removeHeader("Trailer");
    throw new Error("a trailer");
  },
};

/** Calls and errors after the response has started. */
export const begun: Record<string, Way> = {
  "an exception after write": (res, note) => {
    res.write("id,name\n");
    note(state(res));
    throw new Error("after write");
  },
  "an exception after writeHead": (res, note) => {
    res.writeHead(200, { "Content-Type": "text/csv" });
    note(state(res));
    throw new Error("after writeHead");
  },
  "next(error) after flushHeaders": (res, note, next) => {
    res.flushHeaders();
    note(state(res));
    next(new Error("after flushHeaders"));
  },
  "setHeader after write": (res, note) => {
    res.write("a");
    note(refusal(() => res.setHeader("X-A", "1")));
    note(refusal(() => res.removeHeader("X-Powered-By")));
    note(refusal(() => res.appendHeader("X-A", "1")));
    res.end("b");
    note(refusal(() => res.setHeader("X-A", "1")));
  },
  "writeHead twice": (res, note) => {
    res.writeHead(200, { "X-A": "1" });
    note(refusal(() => res.writeHead(201)));
    res.end("x");
    note(refusal(() => res.writeHead(202)));
  },
  "headers and a second response after a complete response": (res, note) => {
    res.status(201).send("whole");
    note(state(res));
    note(refusal(() => res.setHeader("X-A", "1")));
    note(refusal(() => res.writeHead(500)));
    note(refusal(() => res.status(500).json({})));
    note(refusal(() => res.end()));
    note([res.getHeader("Content-Length"), res.headersSent]);
    res.statusMessage = "too late";
  },
  "a second end": (res, note) => {
    res.end("once");
    note(res.end() === res);
  },
  "changes of the status and trailers after a complete response": async (res, note) => {
    res.send("whole");
    res.statusCode = 500;
    res.statusMessage = "late";
    res.addTrailers({ "X-Late": "1" });
    await new Promise((resolve) => res.once("finish", resolve));
    note([res.statusCode, res.statusMessage]);
  },
  "res.destroy() after a response": (res) => {
    res.end("whole");
    res.destroy();
  },
  "res.destroy() before a response": (res) => void res.destroy(),
};

/** Errors after a complete response. */
export const late: Record<string, Way> = {
  "next(error) after a complete response": (res, _note, next) => {
    res.status(201).send("whole");
    next(new Error("after the response"));
  },
  "an exception after a streamed response": (res) => {
    res.write("a");
    res.end("b");
    throw new Error("after the response");
  },
};

/** Valid responses. */
export const good: Record<string, Way> = {
  "res.send": (res) => res.send("text"),
  "res.json": (res) => res.json({ a: "ü" }),
  "res.redirect": (res) => res.redirect("/there"),
  "res.sendStatus": (res) => void res.sendStatus(418),
  "an empty end": (res) => res.end(),
  "end with a callback": (res, note) =>
    new Promise<void>((resolve) => void res.end("x", () => resolve(note("called")))),
  "end with an encoding and a callback": (res, note) =>
    new Promise<void>((resolve) => void res.end("eA==", "base64", () => resolve(note(state(res))))),
  "end with only a callback": (res, note) =>
    new Promise<void>((resolve) => void res.end(() => resolve(note("called")))),
  "a callback for each write": async (res, note) => {
    for (const part of ["a", "b", "c"])
      await new Promise<void>((resolve) => void res.write(part, () => resolve(note(part))));
    res.end("d");
  },
  "end of a Buffer": (res) => res.end(Buffer.from([1, 2, 255])),
  "write in latin1, then end": (res) => {
    res.write("é", "latin1");
    res.end("ü", "latin1");
  },
  "a response with Content-Length": (res) => {
    res.setHeader("Content-Length", "4");
    res.write("ab");
    res.end("cd");
  },
  "writeHead with a reason and an object": (res) => res.writeHead(201, "Made", { "X-A": "1", "x-b": "2" }).end("x"),
  "writeHead with a list": (res) => res.writeHead(200, ["X-A", "1", "X-B", "2", "Set-Cookie", "own=1"]).end("x"),
  "writeHead with a list that contains a name twice": (res) =>
    res.writeHead(200, ["X-A", "1", "X-B", "2", "X-A", "3"]).end("x"),
  "writeHead with lists of values": (res) => res.writeHead(200, { "X-A": ["1", "2"], Vary: "Origin" }).end("x"),
  "writeHead with numbers": (res) => res.writeHead(200, { "Content-Length": 3 }).end("abc"),
  "writeHead after setHeader": (res) => res.setHeader("X-A", "0").writeHead(200, { "x-a": "1" }).end("x"),
  "writeHead, and end later": async (res) => {
    res.writeHead(200, { "Content-Type": "text/plain" });
    await new Promise((resolve) => setImmediate(resolve));
    res.end("x");
  },
  "a status message": (res) => {
    res.statusMessage = "Fine";
    res.end("x");
  },
  "res.sendFile": (res) => res.sendFile(file),
  "res.download": (res) => res.download(file, "rows.csv"),
  "a range of a file": (res, _note, _next, req) => {
    req.headers.range = "bytes=5-25";
    res.sendFile(file);
  },
  "a piped file": (res) => createReadStream(file).pipe(res),
  "a piped iterable": (res) => Readable.from(ROWS).pipe(res),
  "a pipeline": (res) => pipeline(Readable.from(ROWS), res),
  "a short pipeline": (res) => pipeline(Readable.from(ROWS.slice(0, 1)), res),
  "a web stream": async (res) => {
    const writer = Writable.toWeb(res).getWriter();
    for (const row of ROWS.slice(0, 3)) await writer.write(row);
    await writer.close();
  },
  "writes that wait for drain": async (res) => {
    for (const row of ROWS) if (!res.write(row)) await new Promise((resolve) => res.once("drain", resolve));
    res.end();
  },
  "server-sent events": async (res) => {
    res.writeHead(200, { "Content-Type": "text/event-stream" });
    res.flushHeaders();
    for (const data of [1, 2, 3]) {
      res.write(`data: ${data}\n\n`);
      await new Promise((resolve) => setImmediate(resolve));
    }
    res.end();
  },
  "flushHeaders, then json": (res) => {
    res.flushHeaders();
    res.end("{}");
  },
  trailers: (res) => {
    res.writeHead(200, { Trailer: "X-Sum" });
    res.write("abc");
    res.addTrailers({ "X-Sum": "3" });
    res.end();
  },
  "cork and uncork": (res) => {
    res.cork();
    res.write("a");
    res.write("b");
    process.nextTick(() => {
      res.uncork();
      res.end("c");
    });
  },
  "cork, and a complete response": (res) => {
    res.cork();
    res.end("whole");
  },
  "cork, and a complete response in chunks": (res) => {
    res.cork();
    res.setHeader("Transfer-Encoding", "chunked");
    res.end("whole");
  },
  "early hints": (res) => {
    res.writeEarlyHints({ link: "</style.css>; rel=preload; as=style" });
    res.send("x");
  },
  "writeProcessing, and a stream": (res) => {
    res.writeProcessing();
    res.write("a");
    res.end("b");
  },
  "204": (res) => res.status(204).end(),
  "304": (res) => res.status(304).end(),
  "204 with a body": (res) => res.status(204).end("body"),
  "205 by writeHead": (res) => {
    res.writeHead(205);
    res.end();
  },
  "Connection: close": (res) => res.set("Connection", "close").send("last"),
  "a response without Date and Content-Length": (res) => {
    res.removeHeader("Date");
    res.removeHeader("Content-Length");
    res.end("x");
  },
  "res.setTimeout": (res, note) => {
    note(res.setTimeout(5000) === res);
    res.end("x");
  },
  "the state of a response at each step": (res, note) => {
    note(state(res));
    note(res.write("a"));
    note(state(res));
    note([res.writableFinished, res.writableCorked > 0, res.socket === res.req.socket]);
    res.end("b");
    note(state(res));
  },
  "the events of a response": (res, note) => {
    for (const event of ["finish", "prefinish", "error"]) res.on(event, () => note(event));
    res.send("x");
  },
};
