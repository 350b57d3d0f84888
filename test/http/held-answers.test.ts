import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { expect } from "chai";
import compression from "compression";
import type { ErrorRequestHandler, RequestHandler } from "express";
import { currentUser, loginRequired, logoutUser } from "latchkey";
import inject from "light-my-request";
import { Gate } from "../support/barrier.js";
import { expressVersions } from "../support/express.js";
import { send } from "../support/raw-client.js";
import { exchange } from "../support/raw-exchange.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";
import { expectNoUnhandledRejections } from "../support/unhandled.js";

for (const { name, express: make } of expressVersions) {
  const siteOf = (before: (app: ReturnType<typeof make>) => void = () => {}) =>
    site(
      {},
      (login, app) => {
        before(app);
        login.init(app);
      },
      make,
    );

  describe(`a response that waits for the session to be saved, on ${name}`, () => {
    expectNoUnhandledRejections();

    /** A site that cannot save sessions. `told` lists the errors that its error handler got. */
    function failing(before: (app: ReturnType<typeof make>) => void = () => {}) {
      const at = siteOf(before);
      const told: unknown[] = [];
      at.store.before = async (verb) => {
        if (verb === "create") throw new Error("away");
      };
      const page = (path: string, answer: RequestHandler) =>
        at.app.get(path, (req, res, next) => {
          req.session.note = "kept";
          return answer(req, res, next);
        });
      page("/whole", (_req, res) => void res.set("ETag", '"1"').status(201).send("whole"));
      page("/write", (_req, res) => {
        res.write("a");
        res.end("b");
      });
      page("/head", (_req, res) => void res.writeHead(200).end("b"));
      page("/flushed", (_req, res) => {
        res.flushHeaders();
      });
      page("/late", (_req, res, next) => {
        res.send("whole");
        next(new Error("after the response"));
      });
      at.app.use(((error: Error & { status?: number }, _req, res, next) => {
        told.push([error.name, res.headersSent]);
        if (res.headersSent) return next(error);
        res.status(error.status ?? 500).json(error.name);
      }) as ErrorRequestHandler);
      return { ...at, told };
    }

    for (const [where, before] of Object.entries({
      "no compression": () => {},
      "compression before the session": (app: ReturnType<typeof make>) =>
        void app.use(compression({ threshold: 0 }) as unknown as RequestHandler),
    })) {
      it(`is replaced by the save error if it was sent with res.send, with ${where}`, async () => {
        const { app, told } = failing(before);
        const { status, text, headers, cookie } = await send(await serve(app), "GET /whole");
        expect([status, text, headers.etag === '"1"', cookie]).to.eql([503, '"StoreUnavailableError"', false, ""]);
        expect(told).to.eql([["StoreUnavailableError", false]]);
      });
    }

    it("calls the callback of res.end when an error response replaces it", async () => {
      const { app } = failing();
      const called = new Promise<void>((resolve) => {
        app.get("/back", (req, res) => {
          req.session.note = "kept";
          res.end("whole", resolve);
        });
      });
      app.use(((error: Error, _req, res, _next) => void res.status(503).json(error.name)) as ErrorRequestHandler);
      expect((await send(await serve(app), "GET /back")).status).to.equal(503);
      await called;
    });

    for (const path of ["/write", "/head", "/flushed"]) {
      it(`is cut off before its first byte if the save fails after the head was made: ${path}`, async () => {
        const { app, told } = failing();
        expect(await exchange(await serve(app), [`GET ${path}`])).to.eql({ text: "", isKept: false });
        expect(told).to.eql([["StoreUnavailableError", true]]);
      });
    }

    it("is cut off if the save fails before its turn on a pipelined connection", async () => {
      const { app } = failing();
      const gate = new Gate();
      app.get("/slow", async (_req, res) => {
        await gate.pass();
        res.send("slow");
      });
      const failed = new Promise<void>((resolve) => {
        app.use(((error, _req, _res, next) => {
          resolve();
          next(error);
        }) as ErrorRequestHandler);
      });
      const answers = exchange(await serve(app), ["GET /slow", "GET /write"]);
      await gate.arrived();
      await failed;
      gate.open();
      const { text, isKept } = await answers;
      expect([text.endsWith("slow"), isKept]).to.eql([true, false]);
    });

    for (const [way, answer] of Object.entries({
      "a complete response": (res) => void res.send("whole"),
      "a stream": (res) => {
        res.write("a");
        res.end("b");
      },
      "an unfinished stream": (res) => void res.write("a"),
    } as Record<string, (res: Parameters<RequestHandler>[1]) => void>)) {
      it(`emits close but not finish if the client hangs up during the save: ${way}`, async () => {
        const { app, store } = siteOf();
        const gate = new Gate();
        store.before = (verb) => (verb === "create" ? gate.pass() : undefined);
        const seen: string[] = [];
        const closed = new Promise<void>((resolve) => {
          app.get("/page", (req, res) => {
            res.on("close", () => {
              seen.push("close");
              resolve();
            });
            res.on("finish", () => seen.push("finish"));
            req.session.note = "kept";
            answer(res);
          });
        });
        const { port } = new URL(await serve(app));
        const socket = connect(Number(port), "127.0.0.1", () => socket.write("GET /page HTTP/1.1\r\nHost: a\r\n\r\n"));
        await gate.arrived();
        socket.resetAndDestroy();
        await closed;
        gate.open();
        expect(seen).to.eql(["close"]);
      });
    }

    it("arrives even if the server is closed during the save", async () => {
      const { app, store } = siteOf();
      const gate = new Gate();
      store.before = (verb) => (verb === "create" ? gate.pass() : undefined);
      app.get("/page", (req, res) => {
        req.session.note = "kept";
        res.send("whole");
      });
      const server = createServer(app).listen(0, "127.0.0.1");
      await once(server, "listening");
      const answer = send(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, "GET /page", {
        headers: { connection: "close" },
      });
      await gate.arrived();
      const closed = new Promise((resolve) => server.close(resolve));
      gate.open();
      expect((await answer).text).to.equal("whole");
      await closed;
    });

    it("emits the timeout of its socket during the save", async () => {
      const { app, store } = siteOf();
      const gate = new Gate();
      store.before = (verb) => (verb === "create" ? gate.pass() : undefined);
      app.get("/page", (req, res) => {
        req.session.note = "kept";
        res.on("timeout", () => gate.open());
        res.send("whole");
        req.socket.emit("timeout");
      });
      expect((await send(await serve(app), "GET /page")).text).to.equal("whole");
    });
  });

  describe(`a session after the response has started, on ${name}`, () => {
    it("is never treated as anonymous if it cannot be read", async () => {
      const { app, store } = siteOf();
      const uses: Record<string, (req: Parameters<RequestHandler>[0]) => unknown> = {
        currentUser: (req) => currentUser(req),
        "req.session": (req) => req.session,
        loginRequired: (req) =>
          new Promise((resolve, reject) =>
            loginRequired()(req, req.res!, (error) => (error ? reject(error) : resolve(1))),
          ),
      };
      const seen: unknown[] = [];
      app.get("/page", async (req, res) => {
        res.flushHeaders();
        for (const use of Object.values(uses)) {
          seen.push(await (async () => use(req))().catch((error: Error) => error.name));
        }
        res.end();
      });
      const origin = await serve(app);
      const { cookie } = await send(origin, "POST /login/1");
      store.before = async () => {
        throw new Error("away");
      };
      await send(origin, "GET /page", { cookie });
      expect(seen).to.eql(Object.keys(uses).map(() => "StoreUnavailableError"));
    });

    it("is ended by a logout that started before the response", async () => {
      const { app } = siteOf();
      const ended: Array<Promise<void>> = [];
      app.get("/leave", (req, res) => {
        void currentUser(req);
        ended.push(logoutUser(req));
        res.send("bye");
      });
      const origin = await serve(app);
      const { cookie } = await send(origin, "POST /login/1");
      await send(origin, "GET /leave", { cookie });
      await Promise.all(ended);
      expect((await send(origin, "GET /me", { cookie })).status).to.equal(401);
    });
  });

  describe(`a library that replaces the prototypes of Express, on ${name}`, () => {
    const ask = (app: unknown, url: string) => inject(app as never, { method: "GET", url });

    for (const first of ["a request", "the library"]) {
      it(`gets complete responses, and so do real clients, if ${first} comes first`, async () => {
        const { app } = siteOf();
        app.get("/page", (req, res) => {
          req.session.note = "kept";
          res.send("whole");
        });
        app.get("/stream", (req, res) => {
          req.session.note = "kept";
          res.write("a");
          res.end("b");
        });
        if (first === "a request") await send(await serve(app), "GET /public");
        const prototype = Object.getPrototypeOf(Object.getPrototypeOf(app.response));
        const requests = Object.getPrototypeOf(Object.getPrototypeOf(app.request));
        try {
          for (const [path, text] of [
            ["/public", "hello"],
            ["/page", "whole"],
            ["/stream", "ab"],
          ] as const) {
            const { statusCode, payload, cookies } = await ask(app, path);
            expect([statusCode, payload, cookies.length], path).to.eql([200, text, path === "/public" ? 0 : 1]);
          }
        } finally {
          Object.setPrototypeOf(Object.getPrototypeOf(app.response), prototype);
          Object.setPrototypeOf(Object.getPrototypeOf(app.request), requests);
        }
        const origin = await serve(app);
        const { cookie, text } = await send(origin, "GET /page");
        expect(text).to.equal("whole");
        expect((await send(origin, "GET /note", { cookie })).text).to.equal('"kept"');
      });
    }
  });
}
