import { get, type IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { gunzipSync } from "node:zlib";
import { expect } from "chai";
import compression from "compression";
import type { ErrorRequestHandler, Express, RequestHandler, Response } from "express";
import { Gate } from "../support/barrier.js";
import { expressVersions } from "../support/express.js";
import { send } from "../support/raw-client.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";
import { expectNoUnhandledRejections } from "../support/unhandled.js";

const TEXT = `${"a line of the page\n".repeat(50_000)}the end`;
const PIECES = TEXT.match(/.{1,9973}/gs)!;

/** Ways to send TEXT. */
const ways: Record<string, (res: Response) => unknown> = {
  "res.send": (res) => res.type("text").send(TEXT),
  "res.json": (res) => res.json(TEXT),
  "res.end alone": (res) => res.end(TEXT),
  "res.end with a callback": (res) => new Promise<void>((resolve) => void res.end(TEXT, resolve)),
  "res.write, then res.end": (res) => {
    res.write(TEXT.slice(0, 100));
    res.end(TEXT.slice(100));
  },
  "res.writeHead with headers": (res) => res.writeHead(200, { "X-Way": "writeHead" }).end(TEXT),
  "res.flushHeaders first": (res) => {
    res.flushHeaders();
    res.end(TEXT);
  },
  "a piped stream": (res) => Readable.from(PIECES).pipe(res),
  "stream.pipeline": (res) => pipeline(Readable.from(PIECES), res),
  "writes that wait for drain": async (res) => {
    for (const piece of PIECES) {
      if (!res.write(piece)) await new Promise((resolve) => res.once("drain", resolve));
    }
    res.end();
  },
};

/** Where `compression` is mounted. */
const mounts: Record<string, (app: Express, session: () => void) => void> = {
  "no compression": (_app, session) => session(),
  "compression before the session": (app, session) => {
    app.use(compression({ threshold: 0 }) as RequestHandler);
    session();
  },
  "compression after the session": (app, session) => {
    session();
    app.use(compression({ threshold: 0 }) as RequestHandler);
  },
};

/** A site with a slow store, whose calls are recorded in `saved`. */
function watched(make: () => Express, mount: (app: Express, session: () => void) => void) {
  const at = site({}, (login, app) => mount(app, () => login.init(app)), make);
  const saved: string[] = [];
  at.store.before = async (verb) => {
    await new Promise((resolve) => setImmediate(resolve));
    saved.push(verb);
  };
  return { ...at, saved };
}

for (const { name, express: make } of expressVersions) {
  describe(`the start of a response, on ${name}`, () => {
    expectNoUnhandledRejections();

    for (const [where, mount] of Object.entries(mounts)) {
      for (const [way, answer] of Object.entries(ways)) {
        it(`waits for the save, and the response is complete: ${way}, ${where}`, async () => {
          const { app, saved } = watched(make, mount);
          app.get("/page", (req, res, next) => {
            req.session.note = "kept";
            Promise.resolve(answer(res)).catch(next);
          });
          const origin = await serve(app);
          const headers = where === "no compression" ? {} : { "accept-encoding": "gzip" };
          const page = await fetch(`${origin}/page`, { headers });
          expect(saved, "when the headers arrive").to.eql(["create"]);
          const text = await page.text();
          expect([page.status, text === TEXT || JSON.parse(text) === TEXT]).to.eql([200, true]);
          const cookie = page.headers.getSetCookie()[0]!.split(";")[0]!;
          expect((await send(origin, "GET /note", { cookie })).text).to.equal('"kept"');
        });
      }
    }

    it("does not prevent the compression of the response", async () => {
      const { app } = watched(make, mounts["compression after the session"]!);
      app.get("/page", (req, res) => {
        req.session.note = "kept";
        res.type("text").send(TEXT);
      });
      const origin = await serve(app);
      const page = await new Promise<IncomingMessage>((resolve) => {
        get(`${origin}/page`, { headers: { "accept-encoding": "gzip" } }, resolve);
      });
      expect(page.headers["content-encoding"]).to.equal("gzip");
      expect(gunzipSync(await buffer(page)).toString() === TEXT).to.equal(true);
    });

    it("is correct for HEAD, 204 and 304", async () => {
      const { app, saved } = watched(make, mounts["no compression"]!);
      app.get("/page", (req, res) => {
        req.session.note = "kept";
        res.set("ETag", '"1"').send(TEXT);
      });
      app.get("/nothing", (req, res) => {
        req.session.note = "kept";
        res.status(204).end();
      });
      const origin = await serve(app);
      const head = await send(origin, "HEAD /page");
      expect([head.status, head.headers["content-length"], head.text]).to.eql([200, String(TEXT.length), ""]);
      const fresh = await send(origin, "GET /page", { headers: { "if-none-match": '"1"' } });
      expect([fresh.status, fresh.text]).to.eql([304, ""]);
      expect((await send(origin, "GET /nothing")).status).to.equal(204);
      expect(saved).to.eql(["create", "create", "create"]);
    });

    it("is final: later calls throw as in Node, and the first response arrives", async () => {
      const { app } = watched(make, mounts["no compression"]!);
      const refused: unknown[] = [];
      const again = (res: Response) => {
        try {
          res.status(500).json({ error: "once more" });
        } catch (error) {
          refused.push((error as { code: string }).code);
        }
      };
      app.post("/page", (req, res, next) => {
        req.session.note = "kept";
        res.status(201).type("text").send("the response");
        next(new Error("after the response"));
      });
      app.post("/twice", (req, res) => {
        req.session.note = "kept";
        res.status(201).send("the response");
        again(res);
      });
      app.post("/later", (req, res, next) => {
        req.session.note = "kept";
        res.status(201).send("the response");
        res.once("finish", () => next(new Error("long after the response")));
      });
      const heard: string[] = [];
      app.use(((error: Error, _req, res, _next) => {
        heard.push(error.message);
        again(res);
      }) as ErrorRequestHandler);
      const origin = await serve(app);
      for (const path of ["/page", "/twice", "/later"]) {
        const { status, text, headers } = await send(origin, `POST ${path}`);
        expect([status, text, headers["content-type"]?.includes("json")], path).to.eql([201, "the response", false]);
      }
      expect(heard).to.eql(["after the response", "long after the response"]);
      expect(refused).to.eql(Array(3).fill("ERR_HTTP_HEADERS_SENT"));
    });

    // The final handler of Express destroys the connection if the headers were sent. The client must still receive what
    // an application without latchkey sends before that.
    it("reaches the client with the whole response, even if an error follows the response", async () => {
      const { app, store } = watched(make, mounts["no compression"]!);
      let gate = new Gate();
      app.post("/page", (req, res, next) => {
        req.session.note = "kept";
        res.status(201).send("the response");
        next(new Error("after the response"));
        setImmediate(setImmediate, gate.open);
      });
      const origin = await serve(app);
      for (const isSlow of [false, true]) {
        gate = new Gate();
        if (isSlow) store.before = () => gate.pass();
        const { status, text } = await send(origin, "POST /page", { headers: { connection: "close" } });
        expect([status, text]).to.eql([201, "the response"]);
      }
    });
  });
}
