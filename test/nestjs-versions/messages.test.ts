import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { Controller, Param, Post, Req } from "@nestjs/common";
import { WsAdapter } from "@nestjs/platform-ws";
import { SubscribeMessage, WebSocketGateway } from "@nestjs/websockets";
import { expect } from "chai";
import type { Request } from "express";
import { LoginManager } from "latchkey";
import { Authorized, CurrentUser, decoratorsFor, Fresh, LatchkeyModule, Public } from "latchkey/nestjs";
import { WebSocket } from "ws";
import { nestSite } from "../nestjs/site.js";
import { afterTest } from "../support/after-test.js";
import { apiClient, type Browser } from "../support/browser.js";
import { type Person, people, SECRET } from "../support/people.js";

const prepare = (app: { useWebSocketAdapter(adapter: WsAdapter): unknown }) =>
  void app.useWebSocketAdapter(new WsAdapter(app as never));

abstract class Connected {
  handleConnection(client: { request?: IncomingMessage }, request: IncomingMessage) {
    client.request = request;
  }
}

/** Opens a socket. The returned function sends messages at the same time, and returns their answers, sorted. */
async function connect({ origin, jar }: Browser): Promise<(...events: string[]) => Promise<string[]>> {
  const headers = { "user-agent": "node", cookie: (await jar.getCookieString(origin)) || "none=1" };
  const socket = new WebSocket(origin.replace("http", "ws"), { headers });
  afterTest(() => socket.terminate());
  await once(socket, "open");
  return (...events) =>
    new Promise((resolve) => {
      const answers: string[] = [];
      const note = (message: Buffer) => {
        const { event, data } = JSON.parse(String(message)) as {
          event: string;
          data: { code?: string; name?: string };
        };
        answers.push(`${event} ${data.code ?? data.name}`);
        if (answers.length < events.length) return;
        socket.off("message", note);
        resolve(answers.sort());
      };
      socket.on("message", note);
      for (const event of events) socket.send(JSON.stringify({ event, data: {} }));
    });
}

describe("the messages of one socket", () => {
  const named = ({ name }: Person) => ({ event: "you", data: { name } });

  @Authorized()
  @WebSocketGateway()
  class Chat extends Connected {
    @SubscribeMessage("whoami") whoami(@CurrentUser() user: Person) {
      return named(user);
    }
    @Fresh({ methods: ["otp"] }) @SubscribeMessage("secret") secret(@CurrentUser() user: Person) {
      return named(user);
    }
    @Public() @SubscribeMessage("anybody") anybody(@CurrentUser() user: Person) {
      return named(user);
    }
  }

  it("each have the user of their own guard", async () => {
    const { origin, factors } = await nestSite({ prepare, module: { providers: [Chat] } });
    factors.clear();
    const client = apiClient(origin);
    await client.post("/login/2", { json: {} });
    const send = await connect(client);
    const events = ["whoami", "secret", "whoami", "anybody", "whoami", "secret"];
    expect(await send(...events)).to.eql([
      "exception login_required",
      "exception method_required",
      "exception method_required",
      "you Bob",
      "you Bob",
      "you Bob",
    ]);
    await client.post("/logout");
    expect(await send("anybody")).to.eql(["exception login_required"]);
    expect(await send("whoami", "anybody")).to.eql(["exception login_required", "exception login_required"]);
  });

  it("have the user of the manager that the decorators name", async () => {
    const { load } = people();
    const staff = new LoginManager<Person>({ secret: SECRET, realm: "staff", userLoader: load });
    const [Customers, Staff] = [decoratorsFor("customers"), decoratorsFor("staff")];
    @WebSocketGateway()
    class Desk extends Connected {
      @Authorized() @SubscribeMessage("first") first(@Customers.CurrentUser() user: Person) {
        return named(user);
      }
      @Customers.Authorized() @SubscribeMessage("customers") customers(@CurrentUser() user: Person) {
        return named(user);
      }
      @Staff.Authorized() @SubscribeMessage("staff") staff(@Staff.CurrentUser() user: Person) {
        return named(user);
      }
      @Staff.Authorized() @SubscribeMessage("crossed") crossed(@CurrentUser() user: Person) {
        return named(user);
      }
    }
    @Public()
    @Controller("enter")
    class Entrance {
      @Post(":id") enter(@Req() req: Request, @Param("id") id: string) {
        return staff.loginUser(req, load(id)!);
      }
    }
    const { origin, factors } = await nestSite({
      prepare,
      options: { realm: "customers" },
      imports: (login) => [LatchkeyModule.forRoot([login, staff])],
      module: { providers: [Desk], controllers: [Entrance] },
    });
    factors.clear();
    const client = apiClient(origin);
    await client.post("/login/2", { json: {} });
    expect(await (await connect(client))("staff")).to.eql(["exception login_required"]);
    await client.post("/enter/1");
    const send = await connect(client);
    expect(await send("first")).to.eql(["you Bob"]);
    expect(await send("customers")).to.eql(["you Bob"]);
    expect(await send("staff")).to.eql(["you Ann"]);
    expect(await send("crossed")).to.eql(["exception login_required"]);
  });
});
