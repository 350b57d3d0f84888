import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { io, type ManagerOptions, type Socket } from "socket.io-client";
import { Browser } from "../support/browser.js";
import { SECRET } from "../support/people.js";
import { send } from "../support/raw-client.js";
import { type RunningExample, runExample } from "../support/running-example.js";
import { inTestAll } from "../support/tier.js";

const ANN = { name: "Ann", password: "correct horse" };

/** Waits for the socket's next event of this name. Resolves to its argument as a string. */
function next(socket: Socket, event: string): Promise<string> {
  return new Promise((resolve) => socket.once(event, (said: string | Error) => resolve(String(said))));
}

inTestAll("the example socket-io.ts", () => {
  let example: RunningExample;
  let browser: Browser;
  const sockets: Socket[] = [];

  async function start(env: NodeJS.ProcessEnv = {}): Promise<void> {
    example = await runExample("socket-io", env);
    browser = await loggedIn();
  }
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.disconnect();
    await example.stop();
  });

  async function loggedIn(): Promise<Browser> {
    const one = new Browser(example.origin);
    expect((await one.post("/login", { form: ANN })).location).to.equal("/");
    return one;
  }

  async function open(of: Browser, transports = ["polling", "websocket"], options: Partial<ManagerOptions> = {}) {
    const cookie = await of.jar.getCookieString(example.origin);
    const extraHeaders = { ...options.extraHeaders, ...(cookie ? { cookie } : {}) };
    const socket = io(example.origin, { transports, reconnection: false, forceNew: true, ...options, extraHeaders });
    sockets.push(socket);
    return socket;
  }

  /** Opens a socket, and waits for the greeting. */
  async function greeted(...args: Parameters<typeof open>): Promise<Socket> {
    const socket = await open(...args);
    expect(await next(socket, "greeting")).to.equal("Hello, Ann!");
    return socket;
  }

  for (const transports of [["polling"], ["websocket"], ["polling", "websocket"]]) {
    describe(`by ${transports.join(", then ")}`, () => {
      it("greets a logged-in user by name, and refuses a socket without a login", async () => {
        await start();
        await greeted(browser, transports);
        const stranger = await open(new Browser(example.origin), transports);
        expect(await next(stranger, "connect_error")).to.equal("Error: Please log in.");
      });

      it("refuses a page of another origin, even with a login's cookies", async () => {
        await start();
        for (const origin of ["https://evil.example", "null", `${example.origin}.evil.example`]) {
          const socket = await open(browser, transports, { extraHeaders: { origin } });
          expect(await next(socket, "connect_error"), origin).to.include("Error");
        }
        await greeted(browser, transports, { extraHeaders: { origin: example.origin } });
      });

      it("closes a login's sockets immediately at its logout, and no others", async () => {
        await start({ PING_EVERY: "60000" });
        const other = await loggedIn();
        const ours = [await greeted(browser, transports), await greeted(browser, transports)];
        const theirs = await greeted(other, transports);
        const closed = Promise.all(ours.map((socket) => next(socket, "disconnect")));
        await browser.post("/logout");
        expect(await closed).to.deep.equal(["transport close", "transport close"]);
        expect(theirs.connected).to.equal(true);
        await other.post("/logout");
        await next(theirs, "disconnect");
      });
    });
  }

  it("refuses the client's automatic reconnection after a logout", async () => {
    await start();
    const socket = await greeted(browser, undefined, { reconnection: true, reconnectionDelay: 10 });
    const refused = next(socket, "connect_error");
    await browser.post("/logout");
    expect(await refused).to.equal("Error: Please log in.");
  });

  it("closes a socket at the next ping after its login ended in another process, and no others", async () => {
    const folder = mkdtempSync(join(tmpdir(), "latchkey-socket-io-"));
    const env = { PING_EVERY: "100", SECRET, SESSION_STORE: `sqlite:${join(folder, "sessions.db")}` };
    await start(env);
    const elsewhere = await runExample("socket-io", env);
    try {
      const [ours, theirs] = [await greeted(browser), await greeted(await loggedIn())];
      const closed = next(ours, "disconnect");
      const cookie = await browser.jar.getCookieString(example.origin);
      expect((await send(elsewhere.origin, "POST /logout", { cookie })).status).to.equal(302);
      expect(await closed).to.equal("transport close");
      await once(theirs.io.engine as never, "heartbeat");
      expect(theirs.connected).to.equal(true);
    } finally {
      await elsewhere.stop();
      rmSync(folder, { recursive: true });
    }
  });

  it("shows the page that opens a socket only to logged-in users", async () => {
    await start();
    expect((await browser.get("/")).text).to.include("io()");
    expect((await browser.get("/socket.io/socket.io.js")).status).to.equal(200);
    const stranger = new Browser(example.origin);
    expect((await stranger.get("/")).location).to.equal("/login?next=%2F");
    expect((await stranger.post("/login", { form: { ...ANN, password: "wrong" } })).status).to.equal(401);
  });
});
