import { expect } from "chai";
import compression from "compression";
import type { ErrorRequestHandler, RequestHandler, Response } from "express";
import onHeaders from "on-headers";
import { expressVersions } from "../support/express.js";
import { send } from "../support/raw-client.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";

const TEXT = "a line of the page\n".repeat(500);

/** Ways to call `res.writeHead` with headers. */
const calls: Record<string, (res: Response) => void> = {
  "an object": (res) => void res.writeHead(201, { "X-One": "1", "X-Two": "2" }),
  "a message and an object": (res) => void res.writeHead(201, "Made", { "X-One": "1", "X-Two": "2" }),
  "a flat list": (res) => void res.writeHead(201, ["X-One", "1", "X-Two", "2"]),
  "headers set before": (res) => void res.setHeader("X-One", "1").writeHead(201, { "X-Two": "2" }),
};

/** Where another listener for the headers is mounted. */
const mounts = ["before the session", "after the session"] as const;

/** A site with a slow store, and with another middleware before or after the session. */
function watched(make: (typeof expressVersions)[number]["express"], where: string, other: RequestHandler) {
  const at = site(
    {},
    (login, app) => {
      if (where === "before the session") app.use(other);
      login.init(app);
      if (where === "after the session") app.use(other);
    },
    make,
  );
  at.store.before = () => new Promise((resolve) => setImmediate(resolve));
  return at;
}

for (const { name, express: make } of expressVersions) {
  describe(`a response head that the handler writes, on ${name}`, () => {
    for (const where of mounts) {
      for (const [way, call] of Object.entries(calls)) {
        it(`keeps its headers, the session cookie and the header of a listener ${where}: ${way}`, async () => {
          const heard: number[] = [];
          const { app } = watched(make, where, (_req, res, next) => {
            onHeaders(res, () => {
              heard.push(res.statusCode);
              res.setHeader("X-Listener", "heard");
            });
            next();
          });
          app.get("/page", (req, res) => {
            req.session.note = "kept";
            call(res);
            res.end(TEXT);
          });
          const origin = await serve(app);
          const { status, headers, text, cookie } = await send(origin, "GET /page");
          expect([status, headers["x-one"], headers["x-two"], headers["x-listener"]]).to.eql([201, "1", "2", "heard"]);
          expect([heard, text === TEXT]).to.eql([[201], true]);
          expect((await send(origin, "GET /note", { cookie })).text).to.equal('"kept"');
        });
      }

      it(`has its body compressed if compression is mounted ${where}`, async () => {
        const { app } = watched(make, where, compression({ threshold: 0 }) as RequestHandler);
        app.get("/page", (req, res) => {
          req.session.note = "kept";
          res.writeHead(200, { "Content-Type": "text/plain" });
          res.end(TEXT);
        });
        const origin = await serve(app);
        const page = await fetch(`${origin}/page`, { headers: { "accept-encoding": "gzip" } });
        expect(page.headers.get("content-encoding")).to.equal("gzip");
        expect((await page.text()) === TEXT).to.equal(true);
        expect(page.headers.getSetCookie()).to.have.length(1);
      });
    }

    it("keeps its own cookies in addition to the session cookie", async () => {
      const { app } = watched(make, "", (_req, _res, next) => next());
      app.get("/page", (req, res) => {
        req.session.note = "kept";
        res.writeHead(200, { "Set-Cookie": ["a=1", "b=2"] });
        res.end();
      });
      const { headers } = await send(await serve(app), "GET /page");
      expect(headers["set-cookie"]!.map((one) => one.replace(/=.*/, "")).sort()).to.eql(["a", "b", "sid"]);
    });

    it("is not sent if the session cannot be saved, and the error reaches the error handler", async () => {
      const { app, store } = watched(make, "", (_req, _res, next) => next());
      app.get("/page", (req, res) => {
        (req.session as { bad?: unknown }).bad = 1n;
        res.writeHead(200, { "Content-Type": "text/html" });
        res.end(TEXT);
      });
      const told: unknown[] = [];
      app.use(((error: Error, _req, res, next) => {
        told.push(error.name, res.headersSent);
        next(error);
      }) as ErrorRequestHandler);
      const failure = await send(await serve(app), "GET /page").catch((error: { code: string }) => error.code);
      expect([failure, told]).to.eql(["ECONNRESET", ["SessionValueError", true]]);
      expect(store.calls).to.eql([]);
    });
  });
}
