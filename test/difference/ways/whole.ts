import { turns, type Ways } from "../way.js";

const TEXT = "a page\n".repeat(300);

/** Complete responses in one call. */
export const whole: Ways = {
  "send: a text": ({ res, call }) => call("send", () => res.type("text").send(TEXT)),
  "send: a Buffer": ({ res, call }) => call("send", () => res.send(Buffer.from(TEXT))),
  "send: a Uint8Array": ({ res, call }) => call("send", () => res.send(new Uint8Array([1, 2, 3]))),
  "send: an object": ({ res, call }) => call("send", () => res.send({ page: 1 })),
  "send: a number": ({ res, call }) => call("send", () => res.send(42)),
  "send: a boolean": ({ res, call }) => call("send", () => res.send(true)),
  "send: null": ({ res, call }) => call("send", () => res.send(null)),
  "send: nothing": ({ res, call }) => call("send", () => res.send()),
  "send: an empty text": ({ res, call }) => call("send", () => res.send("")),
  "send: 1 MB": ({ res, call }) => call("send", () => res.type("text").send("x".repeat(1_000_000))),
  "send: after some rounds": async ({ res, call }) => {
    await turns();
    call("send", () => res.send(TEXT));
  },
  "send: to HEAD": { method: "HEAD", answer: ({ res, call }) => call("send", () => res.send(TEXT)) },
  "send: 304 by its ETag": {
    headers: { "if-none-match": "*" },
    answer: ({ res, call }) => call("send", () => res.send(TEXT)),
  },
  "send: 204 with a body": ({ res, call }) => call("send", () => res.status(204).send(TEXT)),
  "send: 205": ({ res, call }) => call("send", () => res.status(205).send(TEXT)),
  "send: with cookies of the application": ({ res, call }) =>
    call("send", () => res.cookie("theme", "dark").cookie("lang", "en").clearCookie("old").send(TEXT)),
  "send: public and varying": ({ res, call }) =>
    call("send", () => res.set("Cache-Control", "public, max-age=60").vary("Origin").send(TEXT)),
  "send: with many kinds of headers": ({ res, call }) =>
    call("send", () =>
      res
        .append("Link", "<a>")
        .append("Link", "<b>")
        .links({ next: "/2" })
        .location("/there")
        .set("X-List", ["1", "2"])
        .send(TEXT),
    ),
  json: ({ res, call }) => call("json", () => res.json({ page: 1, text: TEXT })),
  "json: undefined": ({ res, call }) => call("json", () => res.json(undefined)),
  "json: to HEAD": { method: "HEAD", answer: ({ res, call }) => call("json", () => res.json({ page: 1 })) },
  jsonp: { query: "?callback=show", answer: ({ res, call }) => call("jsonp", () => res.jsonp({ page: 1 })) },
  "redirect: 302": ({ res, call }) => call("redirect", () => res.redirect("/there")),
  "redirect: 303 to HTML": {
    headers: { accept: "text/html" },
    answer: ({ res, call }) => call("redirect", () => res.redirect(303, "/there?a=1&b=ü")),
  },
  "sendStatus: 204": ({ res, call }) => call("sendStatus", () => res.sendStatus(204)),
  "sendStatus: 418": ({ res, call }) => call("sendStatus", () => res.sendStatus(418)),
  "format: as JSON": {
    headers: { accept: "application/json" },
    answer: ({ res, call }) =>
      call("format", () => res.format({ html: () => res.send("<p>"), json: () => res.json({ page: 1 }) })),
  },
  "format: not acceptable": {
    headers: { accept: "image/png" },
    answer: ({ res, call }) => call("format", () => res.format({ json: () => res.json({ page: 1 }) })),
  },
  attachment: ({ res, call }) => call("send", () => res.attachment("☃.pdf").send(TEXT)),
  render: ({ res, call }) => call("render", () => res.render("page", { title: "A page" })),
  "render: with a callback": ({ res, call }) =>
    call("render", () =>
      res.render(
        "page",
        (error: unknown, html: string) => void call("send", () => res.status(error ? 500 : 201).send(html)),
      ),
    ),
  "render: a template that fails": ({ res, call }) => call("render", () => res.render("broken")),
  "end: nothing": ({ res, call }) => call("end", () => res.end()),
  "end: nothing, 304": ({ res, call }) => call("end", () => res.status(304).end()),
  "end: a text": ({ res, call }) => call("end", () => res.end(TEXT)),
  "end: an empty text": ({ res, call }) => call("end", () => res.end("")),
  "end: null": ({ res, call }) => call("end", () => res.end(null)),
  "end: a Buffer": ({ res, call }) => call("end", () => res.end(Buffer.from([0, 1, 2]))),
  "end: an empty Buffer": ({ res, call }) => call("end", () => res.end(Buffer.alloc(0))),
  "end: a Uint8Array": ({ res, call }) => call("end", () => res.end(new Uint8Array([0, 1, 2]))),
  "end: with an encoding": ({ res, call }) => call("end", () => res.end("c3a9", "hex")),
  "end: with a callback": ({ res, call, callback }) => call("end", () => res.end(TEXT, callback("end"))),
  "end: with an encoding and a callback": ({ res, call, callback }) =>
    call("end", () => res.end("é", "latin1", callback("end"))),
  "end: with a callback alone": ({ res, call, callback }) => call("end", () => res.end(callback("end"))),
  "end: to HEAD": { method: "HEAD", answer: ({ res, call }) => call("end", () => res.end(TEXT)) },
  "end: a Content-Length": ({ res, call }) => call("end", () => res.set("Content-Length", "5").end("12345")),
  "end: a body that is longer than its Content-Length": ({ res, call }) =>
    call("end", () => res.set({ "Content-Length": "3", "Content-Type": "image/png" }).end("12345")),
  "end: a body that is shorter than its Content-Length": ({ res, call }) =>
    call("end", () =>
      res.set({ "Content-Length": "9", "Content-Type": "image/png", Connection: "close" }).end("12345"),
    ),
  "end: Transfer-Encoding chunked": ({ res, call }) =>
    call("end", () => res.set("Transfer-Encoding", "chunked").end("12345")),
  "end: corked": ({ res, call }) => {
    call("cork", () => res.cork());
    call("end", () => res.end(TEXT));
  },
  "end: with Connection: close": ({ res, call }) => call("end", () => res.set("Connection", "close").end(TEXT)),
  "end: with shouldKeepAlive off": ({ res, call }) => {
    res.shouldKeepAlive = false;
    call("end", () => res.end(TEXT));
  },
  "end: without a date": ({ res, call }) => {
    res.sendDate = false;
    call("end", () => res.end(TEXT));
  },
  "end: with a status message": ({ res, call }) => {
    res.statusMessage = "All Good";
    call("end", () => res.status(202).end(TEXT));
  },
  "end: with an empty status message": ({ res, call }) => {
    res.statusMessage = "";
    call("end", () => res.end(TEXT));
  },
  "end: to OPTIONS": { method: "OPTIONS", answer: ({ res, call }) => call("end", () => res.set("Allow", "GET").end()) },
  "end: to a POST": { method: "POST", answer: ({ res, call }) => call("end", () => res.status(201).end("made")) },
  "end: in a timeout of the response": async ({ res, call }) => {
    call("setTimeout", () => res.setTimeout(20, () => void call("end", () => res.status(503).end("too late"))));
  },
  "end: before a timeout of the response": ({ res, call, event }) => {
    call("setTimeout", () => res.setTimeout(60_000, () => event("timeout")));
    call("end", () => res.end(TEXT));
  },
};
