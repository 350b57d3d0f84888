import { turns, type Ways } from "../way.js";

const TEXT = "a page\n".repeat(300);

/** Responses whose head is made before the body. */
export const heads: Ways = {
  "writeHead: a status": ({ res, call }) => {
    call("writeHead", () => res.writeHead(404));
    call("end", () => res.end(TEXT));
  },
  "writeHead: headers": ({ res, call }) => {
    call("writeHead", () => res.writeHead(200, { "Content-Type": "text/plain", "X-List": ["1", "2"] }));
    call("end", () => res.end(TEXT));
  },
  "writeHead: chained to end": ({ res, call }) =>
    call("all", () => res.writeHead(200, { "X-Way": "chained" }).end(TEXT)),
  "writeHead: a flat array": ({ res, call }) => {
    call("writeHead", () => res.writeHead(200, ["Content-Type", "text/plain", "X-Way", "flat"] as never));
    call("end", () => res.end(TEXT));
  },
  "writeHead: an array over headers that are set": ({ res, call }) => {
    res.set({ "X-Way": "set", "X-Other": "kept" });
    call("writeHead", () => res.writeHead(200, ["X-Way", "1", "X-Way", "2"] as never));
    call("end", () => res.end(TEXT));
  },
  "writeHead: an array of pairs": ({ res, call }) => {
    call("writeHead", () => res.writeHead(200, [["Content-Type", "text/plain"]] as never));
    call("end", () => res.end(TEXT));
  },
  "writeHead: a reason": ({ res, call }) => {
    call("writeHead", () => res.writeHead(200, "All Good"));
    call("end", () => res.end(TEXT));
  },
  "writeHead: a reason and headers": ({ res, call }) => {
    call("writeHead", () => res.writeHead(200, "All Good", { "X-Way": "reason" }));
    call("end", () => res.end(TEXT));
  },
  "writeHead: a reason and an array": ({ res, call }) => {
    call("writeHead", () => res.writeHead(200, "All Good", ["X-Way", "reason"] as never));
    call("end", () => res.end(TEXT));
  },
  "writeHead: an empty array": ({ res, call }) => {
    call("writeHead", () => res.writeHead(200, [] as never));
    call("end", () => res.end(TEXT));
  },
  "writeHead: over headers that are set": ({ res, call }) => {
    res.set({ "X-Way": "set", "X-Other": "kept" });
    call("writeHead", () => res.writeHead(200, { "x-way": "written" }));
    call("end", () => res.end(TEXT));
  },
  "writeHead: with cookies": ({ res, call }) => {
    call("writeHead", () => res.writeHead(200, { "Set-Cookie": ["a=1", "b=2"] }));
    call("end", () => res.end(TEXT));
  },
  "writeHead: with a Vary and a Cache-Control": ({ res, call }) => {
    call("writeHead", () => res.writeHead(200, { Vary: "Origin", "Cache-Control": "public, max-age=60" }));
    call("end", () => res.end(TEXT));
  },
  "writeHead: a Content-Length": ({ res, call }) => {
    call("writeHead", () => res.writeHead(200, { "Content-Length": 5, "Content-Type": "image/png" }));
    call("end", () => res.end("12345"));
  },
  "writeHead: 204": ({ res, call }) => {
    call("writeHead", () => res.writeHead(204));
    call("end", () => res.end());
  },
  "writeHead: 204, then a body": ({ res, call }) => {
    call("writeHead", () => res.writeHead(204));
    call("write", () => res.write("a body"));
    call("end", () => res.end());
  },
  "writeHead: 304": ({ res, call }) => {
    call("writeHead", () => res.writeHead(304, { ETag: '"1"' }));
    call("end", () => res.end());
  },
  "writeHead: 206": ({ res, call }) => {
    call("writeHead", () => res.writeHead(206, { "Content-Range": "bytes 0-4/10", "Content-Type": "image/png" }));
    call("end", () => res.end("01234"));
  },
  "writeHead: to HEAD": {
    method: "HEAD",
    answer: ({ res, call }) => {
      call("writeHead", () => res.writeHead(200, { "Content-Length": 5 }));
      call("end", () => res.end());
    },
  },
  "writeHead: end comes rounds later": async ({ res, call }) => {
    call("writeHead", () => res.writeHead(200, { "X-Way": "later" }));
    await turns();
    call("end", () => res.end(TEXT));
  },
  "writeHead: then flushHeaders": async ({ res, call }) => {
    call("writeHead", () => res.writeHead(200));
    call("flushHeaders", () => res.flushHeaders());
    await turns();
    call("end", () => res.end(TEXT));
  },
  flushHeaders: ({ res, call }) => {
    call("flushHeaders", () => res.flushHeaders());
    call("end", () => res.end(TEXT));
  },
  "flushHeaders: twice, and end comes rounds later": async ({ res, call }) => {
    call("flushHeaders", () => res.flushHeaders());
    call("flushHeaders", () => res.flushHeaders());
    await turns();
    call("end", () => res.end(TEXT));
  },
  "flushHeaders: end of nothing": ({ res, call }) => {
    call("flushHeaders", () => res.status(201).flushHeaders());
    call("end", () => res.end());
  },
  "flushHeaders: to HEAD": {
    method: "HEAD",
    answer: ({ res, call }) => {
      call("flushHeaders", () => res.flushHeaders());
      call("end", () => res.end(TEXT));
    },
  },
  "early hints": ({ res, call, callback }) => {
    call("writeEarlyHints", () => res.writeEarlyHints({ link: "</style.css>; rel=preload" }, callback("hints")));
    call("send", () => res.send(TEXT));
  },
  "early hints: two, and send comes rounds later": async ({ res, call }) => {
    call("writeEarlyHints", () => res.writeEarlyHints({ link: "</a.css>; rel=preload" }));
    call("writeEarlyHints", () => res.writeEarlyHints({ link: "</b.css>; rel=preload" }));
    await turns();
    call("send", () => res.send(TEXT));
  },
  "early hints: then a stream": async ({ res, call }) => {
    call("writeEarlyHints", () => res.writeEarlyHints({ link: "</a.css>; rel=preload" }));
    call("write", () => res.write("a"));
    await turns();
    call("end", () => res.end("b"));
  },
  "early hints: malformed": ({ res, call }) => {
    call("writeEarlyHints", () => res.writeEarlyHints({ link: "no link" }));
    call("send", () => res.send(TEXT));
  },
  writeProcessing: ({ res, call }) => {
    call("writeProcessing", () => res.writeProcessing());
    call("send", () => res.send(TEXT));
  },
  trailers: ({ res, call }) => {
    res.set("Trailer", "X-Sum");
    call("write", () => res.write(TEXT));
    call("addTrailers", () => res.addTrailers({ "X-Sum": "1" }));
    call("end", () => res.end());
  },
  "trailers: of a body in one piece": ({ res, call }) => {
    res.set({ Trailer: "X-Sum", "Transfer-Encoding": "chunked" });
    call("addTrailers", () => res.addTrailers({ "X-Sum": "1" }));
    call("end", () => res.end(TEXT));
  },
  "trailers: after rounds": async ({ res, call }) => {
    call("writeHead", () => res.writeHead(200, { Trailer: "X-Sum" }));
    await turns();
    call("write", () => res.write(TEXT));
    call("addTrailers", () => res.addTrailers([["X-Sum", "1"]]));
    call("end", () => res.end());
  },
};
