import { once } from "node:events";
import { type IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { expect } from "chai";
import type { Request } from "express";
import { isSameOrigin, loginUser, OptionError, type SameOriginOptions, sameOriginRequired } from "latchkey";
import { WebSocket, WebSocketServer } from "ws";
import { expressVersions } from "../support/express.js";
import { countTrials, send } from "../support/raw-client.js";
import { cases, headersOf, passes, TRUSTED } from "../support/same-origin-model.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";
import { seed, trials } from "../support/trials.js";

const EVIL = "https://evil.example";
const ONE_OF = trials(1, 1, 7);

/** Opens a WebSocket. Resolves with the status of the response: 101 if the socket opened. */
async function upgrade(origin: string, headers: Record<string, string>): Promise<number> {
  const socket = new WebSocket(origin.replace("http", "ws"), { headers });
  try {
    return await Promise.race([
      once(socket, "open").then(() => 101),
      once(socket, "unexpected-response").then(([, answer]) => (answer as IncomingMessage).statusCode!),
    ]);
  } finally {
    socket.on("error", () => {}); // that it was closed before it opened
    socket.terminate();
  }
}

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

/** A server for WebSockets that pages of its own origin and of trusted origins may open. */
async function socketServer(options?: SameOriginOptions): Promise<string> {
  const sockets = new WebSocketServer({ noServer: true });
  return serve(
    () => {},
    (req, socket, head) => {
      if (!isSameOrigin(req, options)) return refuse(socket, "403 Forbidden");
      sockets.handleUpgrade(req, socket, head, () => {});
    },
  );
}

describe("isSameOrigin", () => {
  it(`decides about WebSockets as a model of its rules does (seed ${seed})`, async () => {
    const [plain, trusting] = [await socketServer(), await socketServer({ trustedOrigins: TRUSTED })];
    // Only the headers make a difference. An upgrade is always a GET request.
    const different = [...cases()].filter(({ method, proxy }) => method === "POST" && !proxy.trusted);
    const chosen = different.filter((_, i) => i % ONE_OF === seed % ONE_OF);
    const wrong: unknown[] = [];
    const opened = await countTrials(chosen.length, async (i) => {
      const one = chosen[i]!;
      const status = await upgrade(one.trusting ? trusting : plain, headersOf(one));
      if (status !== (passes(one) ? 101 : 403)) wrong.push({ status, ...one });
      return status === 101;
    });
    expect(wrong.slice(0, 5)).to.eql([]);
    expect(opened)
      .to.be.above(chosen.length / 4)
      .and.below(chosen.length * 0.9);
  });

  it("refuses pages of other origins before login.authenticate(req) looks for the user", async () => {
    const { app, login, store, byId } = site();
    app.post("/in", async (req, res) => {
      await loginUser(req, byId.get("1")!);
      res.send("in");
    });
    const sockets = new WebSocketServer({ noServer: true });
    const origin = await serve(app, async (req, socket, head) => {
      if (!isSameOrigin(req)) return refuse(socket, "403 Forbidden");
      if (!(await login.authenticate(req))) return refuse(socket, "401 Unauthorized");
      sockets.handleUpgrade(req, socket, head, () => {});
    });
    const { cookie } = await send(origin, "POST /in");
    expect(await upgrade(origin, { cookie, origin })).to.equal(101);
    expect(await upgrade(origin, { cookie }), "a program with a login").to.equal(101);
    store.calls = [];
    expect(await upgrade(origin, { cookie, origin: EVIL })).to.equal(403);
    expect(store.calls).to.eql([]);
    expect(await upgrade(origin, { origin })).to.equal(401);
  });

  for (const { name, express } of expressVersions) {
    it(`compares an upgrade with Host, also after authenticate() and with trust proxy: ${name}`, async () => {
      const { app, login } = site({}, undefined, express);
      app.set("trust proxy", true);
      const seen: boolean[] = [];
      const origin = await serve(app, async (req, socket) => {
        const before = isSameOrigin(req);
        await login.authenticate(req);
        seen.push(before, isSameOrigin(req), isSameOrigin(req, { trustedOrigins: ["https://shop.example"] }));
        refuse(socket, "401 Unauthorized");
      });
      const forwarded = { "x-forwarded-host": "shop.example" };
      expect(await upgrade(origin, { ...forwarded, origin: "https://shop.example" })).to.equal(401);
      expect(seen.splice(0)).to.eql([false, false, true]);
      expect(await upgrade(origin, { ...forwarded, origin })).to.equal(401);
      expect(seen).to.eql([true, true, true]);
    });

    it(`has the rules of sameOriginRequired() for any method, and for requests to the application: ${name}`, async () => {
      const app = express();
      app.set("trust proxy", true);
      app.use((req, res) => void res.json(isSameOrigin(req)));
      const origin = await serve(app);
      const answer = async (line: string, headers: Record<string, string>) =>
        (await send(origin, line, { headers })).text;
      for (const line of ["GET /", "POST /"]) {
        expect(await answer(line, {}), line).to.equal("true");
        expect(await answer(line, { origin: EVIL }), line).to.equal("false");
        expect(await answer(line, { origin: EVIL, "x-forwarded-host": "evil.example" }), line).to.equal("true");
      }
    });

    it(`is also what sameOriginRequired() asks about an upgrade in Express, although it is a GET: ${name}`, async () => {
      const app = express();
      app.use(sameOriginRequired());
      app.get("/", (req) => refuse(req.socket, "204 No Content"));
      const statuses: number[] = [];
      const origin = await serve(app, (req, socket) => {
        const res = new ServerResponse(req);
        // As express-ws does: the response has no connection, so its status closes the socket.
        res.writeHead = (status: number) => {
          statuses.push(status);
          refuse(socket, "403 Forbidden");
          return res;
        };
        app(req as Request, res as never);
      });
      expect(await upgrade(origin, { origin })).to.equal(204);
      expect(await upgrade(origin, { origin: EVIL })).to.equal(403);
      expect(await upgrade(origin, { origin, "sec-fetch-site": "cross-site" })).to.equal(403);
      expect(statuses).to.eql([403, 403]);
      expect((await send(origin, "GET /", { headers: { origin: EVIL, connection: "close" } })).status).to.equal(204);
    });
  }

  it("throws OptionError for anything but a request and valid options", () => {
    const loosely = isSameOrigin as (...given: unknown[]) => boolean;
    const req = { headers: {}, method: "GET" };
    for (const [given, message] of [
      [[], "isSameOrigin: expected a request, not undefined"],
      [[null], "isSameOrigin: expected a request, not null"],
      [["https://a.example"], "isSameOrigin: expected a request, not a string"],
      [[{ origin: "https://a.example", req }], "isSameOrigin: expected a request, not object"],
      [[req, null], "isSameOrigin: expected an object, not null"],
      [[req, ["https://a.example"]], "isSameOrigin: expected an object, not an array"],
      [[req, { trustedOrigin: [] }], "isSameOrigin.trustedOrigin: unknown option; the options are trustedOrigins"],
      [[req, { trustedOrigins: ["*"] }], "isSameOrigin.trustedOrigins[0]: expected a scheme, a host"],
    ] as const) {
      expect(() => loosely(...given), message).to.throw(OptionError, message);
    }
    expect(loosely(req)).to.equal(true);
  });
});
