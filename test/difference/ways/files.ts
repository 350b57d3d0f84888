import { createReadStream } from "node:fs";
import { pipeline } from "node:stream";
import type { Answer, Ways } from "../way.js";

const sendFile =
  (name: string, options = {}): Answer =>
  ({ res, folder, call }) =>
    call("sendFile", () => res.sendFile(name, { root: folder, ...options }));

const served =
  (name: string): Answer =>
  ({ req, res, next, express, folder }) => {
    req.url = `/${name}`;
    return express.static(folder)(req, res, next);
  };

/** Files that Express serves, and files that the handler sends. */
export const files: Ways = {
  "sendFile: 100 B": sendFile("small.txt"),
  "sendFile: 200 kB": sendFile("large.txt"),
  "sendFile: 1 MB": sendFile("huge.txt"),
  "sendFile: an empty file": sendFile("empty.txt"),
  "sendFile: with a callback": ({ res, folder, call, callback }) =>
    call("sendFile", () => res.sendFile("large.txt", { root: folder }, callback("sendFile"))),
  "sendFile: with headers": sendFile("large.txt", { headers: { "X-Way": "file" }, maxAge: 60_000, immutable: true }),
  "sendFile: a missing file": sendFile("nothing.txt"),
  "sendFile: a missing file, with a callback": ({ res, folder, call, callback }) =>
    call("sendFile", () =>
      res.sendFile("nothing.txt", { root: folder }, (error) => {
        callback("sendFile")((error as NodeJS.ErrnoException).code);
        call("sendStatus", () => res.sendStatus(404));
      }),
    ),
  "sendFile: a range": { headers: { range: "bytes=1000-150000" }, answer: sendFile("large.txt") },
  "sendFile: a range at the end": { headers: { range: "bytes=-10" }, answer: sendFile("large.txt") },
  "sendFile: two ranges": { headers: { range: "bytes=0-9,20-29" }, answer: sendFile("large.txt") },
  "sendFile: a range beyond its end": { headers: { range: "bytes=900000-" }, answer: sendFile("large.txt") },
  "sendFile: 304": { headers: { "if-none-match": "*" }, answer: sendFile("large.txt") },
  "sendFile: 412": { headers: { "if-match": '"other"' }, answer: sendFile("large.txt") },
  "sendFile: to HEAD": { method: "HEAD", answer: sendFile("large.txt") },
  download: ({ res, folder, call }) => call("download", () => res.download(`${folder}/large.txt`)),
  "download: under another name": ({ res, folder, call, callback }) =>
    call("download", () => res.download(`${folder}/small.txt`, "☃.txt", callback("download"))),
  "express.static": served("large.txt"),
  "express.static: a range": { headers: { range: "bytes=0-99999" }, answer: served("large.txt") },
  "express.static: 304": { headers: { "if-none-match": "*" }, answer: served("large.txt") },
  "express.static: to HEAD": { method: "HEAD", answer: served("large.txt") },
  "express.static: a missing file": served("nothing.txt"),
  "pipeline: a file": ({ res, folder, callback }) =>
    void pipeline(createReadStream(`${folder}/large.txt`), res.type("text"), callback("pipeline")),
  "pipeline: a missing file": ({ res, folder, callback }) =>
    void pipeline(createReadStream(`${folder}/nothing.txt`), res, (error) => callback("pipeline")(error?.code)),
};
