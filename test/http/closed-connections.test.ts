import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { expect } from "chai";
import type { RequestHandler } from "express";
import { Gate } from "../support/barrier.js";
import { expressVersions } from "../support/express.js";
import { send } from "../support/raw-client.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";
import { expectNoUnhandledRejections } from "../support/unhandled.js";

const REQUEST = "GET /page HTTP/1.1\r\nHost: a\r\n\r\n";

for (const { name, express: make } of expressVersions) {
  describe(`a connection that closes while a response waits for the save, on ${name}`, () => {
    expectNoUnhandledRejections();

    /** A site with one page. The save of its session waits at the gate. */
    function waiting(answer: RequestHandler) {
      const at = site({}, undefined, make);
      const gate = new Gate();
      at.store.before = (verb) => (verb === "create" ? gate.pass() : undefined);
      at.app.get("/page", (req, res, next) => {
        req.session.note = "kept";
        return answer(req, res, next);
      });
      return { ...at, gate };
    }

    const closings: Record<string, RequestHandler> = {
      "an error after the response": (_req, res, next) => {
        res.send("whole");
        next(new Error("late"));
      },
      "an error in a stream": (_req, res, next) => {
        res.write("a");
        next(new Error("late"));
      },
      "socket.destroy()": (req, res) => {
        res.send("whole");
        req.socket.destroy();
      },
      "response.destroy()": (_req, res) => {
        res.send("whole");
        res.destroy();
      },
      "socket.end()": (req, res) => {
        res.send("whole");
        req.socket.end();
      },
    };
    for (const [what, answer] of Object.entries(closings)) {
      it(`does not crash the process if ${what} and the client both close it`, async () => {
        const closed = new Promise<void>((resolve) => {
          const { app, gate } = waiting((req, res, next) => {
            res.on("close", () => {
              gate.open();
              resolve();
            });
            return answer(req, res, next);
          });
          void serve(app).then(async (origin) => {
            const socket = await connected(origin);
            socket.write(REQUEST);
            await gate.arrived();
            socket.resetAndDestroy();
          });
        });
        await closed;
        await new Promise((resolve) => setImmediate(resolve));
        expect((await send(await serve(site({}, undefined, make).app), "GET /public")).text).to.equal("hello");
      });
    }

    const ends: Record<string, RequestHandler> = {
      "socket.end()": (req, res) => {
        res.send("whole");
        req.socket.end();
      },
      "socket.destroySoon()": (req, res) => {
        res.send("whole");
        req.socket.destroySoon();
      },
      "socket.end() in a stream": (req, res) => {
        res.write("who");
        res.end("le");
        req.socket.end();
      },
    };
    for (const [what, answer] of Object.entries(ends)) {
      it(`delivers the response before ${what} closes it`, async () => {
        const { app, gate } = waiting(answer);
        const socket = await connected(await serve(app));
        socket.write(REQUEST);
        await gate.arrived();
        gate.open();
        expect(await text(socket)).to.match(/^HTTP\/1\.1 200 OK\r\n.*who.*le/s);
      });
    }

    for (const httpAllowHalfOpen of [false, true]) {
      it(`delivers the response if only the client closed its side (half open: ${httpAllowHalfOpen})`, async () => {
        const { app, gate } = waiting((req, res) => {
          req.socket.on("end", () => gate.open());
          res.send("whole");
        });
        const server = Object.assign(createServer({ keepAliveTimeout: 0 }, app), { httpAllowHalfOpen });
        await once(server.listen(0, "127.0.0.1"), "listening");
        try {
          const socket = await connected(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
          socket.write(REQUEST);
          await gate.arrived();
          socket.end();
          expect(await text(socket)).to.match(/^HTTP\/1\.1 200 OK\r\n.*\r\n\r\nwhole$/s);
        } finally {
          server.closeAllConnections();
          server.close();
        }
      });
    }
  });
}

async function connected(origin: string): Promise<Socket> {
  const socket = connect({ port: Number(new URL(origin).port), host: "127.0.0.1", allowHalfOpen: true });
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket;
}
