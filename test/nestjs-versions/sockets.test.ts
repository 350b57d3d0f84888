import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { Controller, Get } from "@nestjs/common";
import { IoAdapter } from "@nestjs/platform-socket.io";
import { WsAdapter } from "@nestjs/platform-ws";
import { SubscribeMessage, WebSocketGateway } from "@nestjs/websockets";
import { expect } from "chai";
import { Authorized, CurrentUser, Fresh, Public } from "latchkey/nestjs";
import sinon from "sinon";
import { io } from "socket.io-client";
import { WebSocket } from "ws";
import { guardedClasses, type NestSite, nestSite } from "../nestjs/site.js";
import { times, visit } from "../nestjs/visit.js";
import { afterTest } from "../support/after-test.js";
import { apiClient, type Browser } from "../support/browser.js";
import { expected, guards, visitors } from "../support/guard-model.js";
import type { Person } from "../support/people.js";

/** The answer to a message: its event and its data. */
interface Reply {
  event: string;
  data: { status?: string; message?: string; code?: string; methods?: string[]; user?: string };
}

/** An open socket, which sends a message and waits for the next reply. */
type Socket = (event: string) => Promise<Reply>;

interface Platform {
  name: string;
  prepare: NonNullable<NestSite["prepare"]>;
  connect(origin: string, headers: Record<string, string>): Promise<Socket>;
}

const platforms: Platform[] = [
  {
    name: "@nestjs/platform-ws",
    prepare: (app) => void app.useWebSocketAdapter(new WsAdapter(app)),
    async connect(origin, headers) {
      const socket = new WebSocket(origin.replace("http", "ws"), { headers });
      afterTest(() => socket.terminate());
      await once(socket, "open");
      return async (event) => {
        socket.send(JSON.stringify({ event, data: {} }));
        return JSON.parse(String((await once(socket, "message"))[0])) as Reply;
      };
    },
  },
  {
    name: "@nestjs/platform-socket.io",
    prepare: (app) => void app.useWebSocketAdapter(new IoAdapter(app)),
    async connect(origin, extraHeaders) {
      const socket = io(origin, { extraHeaders, transports: ["websocket"], forceNew: true });
      afterTest(() => socket.disconnect());
      await new Promise<void>((resolve, reject) => {
        socket.once("connect", resolve);
        socket.once("connect_error", reject);
      });
      return (sent) =>
        new Promise((resolve) => {
          socket.onAny((event: string, data: Reply["data"]) => {
            socket.offAny();
            resolve({ event, data });
          });
          socket.emit(sent, {});
        });
    },
  },
];

/** The request of each client of the `ws` adapter. Socket.IO has it already. */
abstract class Connected {
  handleConnection(client: { request?: IncomingMessage }, request?: IncomingMessage) {
    if (request) client.request = request;
  }
}

/** The headers of an upgrade by the client that logged in: without its user agent, the login would not be fresh. */
async function headersOf(browser: Browser): Promise<Record<string, string>> {
  const cookie = await browser.jar.getCookieString(browser.origin);
  return { "user-agent": "node", ...browser.headers, ...(cookie && { cookie }) };
}

for (const { name, prepare, connect } of platforms) {
  describe(`the truth table of the guards on ${name}`, () => {
    let clock: sinon.SinonFakeTimers;
    beforeEach(() => {
      clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
    });
    afterEach(() => sinon.restore());

    for (const [who, visitor] of Object.entries(visitors)) {
      it(`holds for ${who}`, async () => {
        const gateways = guardedClasses((guard) => SubscribeMessage(guard), WebSocketGateway(), {
          event: "through",
          data: {},
        });
        for (const { prototype } of gateways) {
          prototype.handleConnection = Connected.prototype.handleConnection;
        }
        const { browser, origin } = await visit(visitor, clock, { prepare, module: { providers: gateways } });
        const send = await connect(origin, await headersOf(browser));
        for (const passed of times(clock)) {
          for (const [guard, requirement] of Object.entries(guards)) {
            const answer = expected(visitor, requirement, passed);
            const { event, data } = await send(guard);
            const label = `${guard} after ${passed} ms`;
            expect(event === "exception" ? data.code : event, label).to.equal(answer.split(" ")[0]);
          }
        }
      });
    }
  });

  describe(`latchkey on ${name}`, () => {
    @Authorized()
    @WebSocketGateway()
    class Chat extends Connected {
      @SubscribeMessage("whoami") whoami(@CurrentUser() user: Person) {
        return { event: "you", data: { user: user.name } };
      }
      @Fresh({ methods: ["otp"] }) @SubscribeMessage("secret") secret() {
        return { event: "secret", data: {} };
      }
      @Public() @SubscribeMessage("ping") ping() {
        return { event: "pong", data: {} };
      }
      @Public() @SubscribeMessage("anybody") anybody(@CurrentUser() user: Person) {
        return { event: "you", data: { user: user.name } };
      }
    }
    @Controller("me")
    class Me {
      @Authorized() @Get() me(@CurrentUser() user: Person) {
        return user.name;
      }
    }

    async function open(given: NestSite = {}) {
      const site = await nestSite({ prepare, module: { providers: [Chat], controllers: [Me] }, ...given });
      site.factors.clear();
      const client = apiClient(site.origin);
      return { ...site, client, socket: async () => connect(site.origin, await headersOf(client)) };
    }

    it("passes the user, and checks the login again for each message", async () => {
      const { client, socket, login } = await open();
      const refused: string[] = [];
      login.on("unauthorized", ({ req }) => void refused.push(String(req.ip).replace("::ffff:", "")));
      await client.post("/login/2", { json: {} });
      const send = await socket();
      expect(await send("whoami")).to.deep.include({ event: "you", data: { user: "Bob" } });
      expect((await send("secret")).data).to.deep.include({ code: "method_required", methods: ["otp"] });
      await client.post("/logout");
      expect(await send("whoami")).to.eql({
        event: "exception",
        data: { status: "error", message: "You need to log in.", code: "login_required" },
      });
      expect((await send("ping")).event).to.equal("pong");
      expect(refused).to.eql(["127.0.0.1"]);
    });

    it("refuses nobody's messages, and has no user for a message without a guard", async () => {
      const { socket } = await open();
      const send = await socket();
      expect((await send("whoami")).data.code).to.equal("login_required");
      expect((await send("ping")).event).to.equal("pong");
      expect((await send("anybody")).data.code).to.equal("login_required");
    });

    it("reports an error without details if the module is missing", async () => {
      const { socket } = await open({ imports: () => [] });
      const send = await socket();
      expect((await send("whoami")).data).to.eql({ status: "error", message: "Internal server error" });
    });
  });
}
