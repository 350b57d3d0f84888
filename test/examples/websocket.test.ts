import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { expect } from "chai";
import { WebSocket } from "ws";
import { Browser } from "../support/browser.js";
import { type RunningExample, runExample } from "../support/running-example.js";

const ANN = { name: "Ann", password: "correct horse" };

describe("the example websocket.ts", () => {
  let example: RunningExample;
  let browser: Browser;
  before(async () => {
    example = await runExample("websocket", { PING_EVERY: "50" });
  });
  after(() => example.stop());
  beforeEach(async () => {
    browser = new Browser(example.origin);
    expect((await browser.post("/login?next=%2F", { form: ANN })).location).to.equal("/");
  });

  /** Opens a socket as the page does, with the browser's cookies. */
  async function open(origin = example.origin): Promise<WebSocket> {
    const cookie = await browser.jar.getCookieString(example.origin);
    return new WebSocket(example.origin.replace("http", "ws"), { headers: { cookie }, origin });
  }

  /** Opens a socket, and waits for the greeting. */
  async function greeted(): Promise<WebSocket> {
    const socket = await open();
    expect(String((await once(socket, "message"))[0])).to.equal("Hello, Ann!");
    return socket;
  }

  async function refused(socket: WebSocket): Promise<number | undefined> {
    const [, answer] = (await once(socket, "unexpected-response")) as [unknown, IncomingMessage];
    return answer.statusCode;
  }

  it("greets a logged-in user by name, and then sends pings", async () => {
    const socket = await greeted();
    await once(socket, "ping");
    await once(socket, "ping");
    socket.terminate();
  });

  it("sends 401 without a login and after a logout", async () => {
    await browser.post("/logout");
    expect(await refused(await open())).to.equal(401);
    browser = new Browser(example.origin);
    expect(await refused(await open())).to.equal(401);
  });

  it("sends 403 for another origin, even with a login's cookies", async () => {
    for (const origin of ["https://evil.example", "null", `${example.origin}.evil.example`]) {
      expect(await refused(await open(origin)), origin).to.equal(403);
    }
    const headers = { cookie: await browser.jar.getCookieString(example.origin) };
    const program = new WebSocket(example.origin.replace("http", "ws"), { headers });
    expect(String((await once(program, "message"))[0]), "a program with a login's cookies").to.equal("Hello, Ann!");
    program.terminate();
  });

  it("closes a login's sockets after its logout, and no others", async () => {
    const theirs = [await greeted(), await greeted()];
    const ann = browser;
    browser = new Browser(example.origin);
    await browser.post("/login", { form: ANN });
    const other = await greeted();

    const closed = Promise.all(theirs.map((socket) => once(socket, "close")));
    await ann.post("/logout");
    for (const [code] of await closed) expect(code).to.equal(4401);
    await once(other, "ping");
    expect(other.readyState).to.equal(WebSocket.OPEN);
    other.terminate();
  });

  it("shows the page that opens a socket only to logged-in users", async () => {
    expect((await browser.get("/")).text).to.include("new WebSocket(");
    const stranger = new Browser(example.origin);
    expect((await stranger.get("/")).location).to.equal("/login?next=%2F");
    expect((await stranger.get("/login")).text).to.include("<form");
    expect((await stranger.post("/login", { form: { ...ANN, password: "wrong" } })).status).to.equal(401);
  });
});
