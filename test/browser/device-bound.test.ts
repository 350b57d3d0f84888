import { expect } from "chai";
import type { Express } from "express";
import helmet from "helmet";
import { StoreUnavailableError } from "latchkey";
import { deviceBound, deviceBoundRequired } from "latchkey/device-bound";
import type { BrowserContext, Page } from "playwright-core";
import sinon from "sinon";
import { WebSocketServer } from "ws";
import { inChromium } from "../support/chromium.js";
import { DEVICE, EXPIRED, GRACE, REMEMBER, SECURE, SID, settled } from "../support/device-site.js";
import { HttpsChromium } from "../support/https-chromium.js";
import { site } from "../support/site.js";

const REFRESH = "POST /device-bound/refresh";

inChromium("a login that is bound to a device", () => {
  let here: HttpsChromium;
  let at: ReturnType<typeof site>;
  let context: BrowserContext;
  let page: Page;
  let clock: sinon.SinonFakeTimers;
  /** Runs before a request is answered. */
  let before: (line: string) => Promise<unknown> | undefined;

  beforeEach(async () => {
    // Only the clock of the server changes. Chromium has its own.
    clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
    at = site({ ...SECURE, deviceBound: deviceBound() }, (login, app) => {
      app.use(helmet()); // its policy does not allow scripts in pages
      login.init(app);
    });
    at.app.get("/bound", deviceBoundRequired(), (_req, res) => void res.send("bound"));
    before = () => undefined;
    const sockets = new WebSocketServer({ noServer: true });
    const answer = at.app as Express;
    here = await HttpsChromium.start(
      async (req, res) => {
        await before(`${req.method} ${req.url}`);
        answer(req, res);
      },
      async (req, socket, head) => {
        const user = (await at.login.authenticate(req)) as { name: string } | null;
        sockets.handleUpgrade(req, socket, head, (ws) => ws.send(user?.name ?? "nobody"));
      },
    );
    context = await here.open();
    page = await context.newPage();
  });

  afterEach(async () => {
    sinon.restore();
    await here.stop();
  });

  const show = async (path: string, on = page) => {
    const response = await on.goto(here.origin + path);
    return `${response!.status()} ${await on.locator("body").innerText()}`;
  };
  const refreshes = () => here.log.filter((line) => line.startsWith(REFRESH));
  const dropCookie = () => context.clearCookies({ name: DEVICE });
  const cookie = async (name: string) => (await context.cookies()).find((one) => one.name === name)?.value;

  /** Logs Ann in, and waits until the browser has registered a key and the login is bound. */
  async function logIn(json: object = { remember: true }): Promise<void> {
    await show("/public");
    await page.evaluate(async (body) => {
      await fetch("/login/1", { method: "POST", headers: { "content-type": "application/json" }, body });
    }, JSON.stringify(json));
    await expectEventually(async () => (await cookie(DEVICE)) !== undefined);
    expect(await show("/bound")).to.equal("200 bound");
    await settled();
    clock.tick(GRACE);
    here.log.length = 0;
  }

  async function expectEventually(isTrue: () => Promise<boolean>): Promise<void> {
    for (let n = 0; !(await isTrue()); n++) {
      if (n === 200) throw new Error("did not happen within 20 s");
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  it("registers, refreshes when the cookie is missing, and its copied cookies are of no use", async () => {
    await logIn();
    const copied = (await context.cookies()).map(({ name, value }) => `${name}=${value}`);
    await dropCookie();
    expect(await show("/bound")).to.equal("200 bound");
    expect(here.log).to.eql([`${REFRESH} 200`, "GET /bound 200"]);
    clock.tick(EXPIRED);
    for (const stolen of [copied.join("; "), ...copied]) {
      expect(await here.send("GET /me", stolen)).to.equal(401);
    }
    await dropCookie();
    expect(await show("/me")).to.include("200 ");
    expect((await at.login.sessions.list("1"))[0]).to.include({ deviceBound: true });
  });

  it("is restored after a restart", async () => {
    await logIn();
    await dropCookie();
    context = await here.open();
    await context.clearCookies({ name: SID });
    page = await context.newPage();
    expect(await show("/me")).to.include('"remembered":true');
    expect(refreshes().at(-1)).to.equal(`${REFRESH} 200`);
    expect(await show("/bound")).to.equal("200 bound");
  });

  it("is refreshed once for five tabs", async () => {
    await logIn();
    const tabs = await Promise.all(Array.from({ length: 5 }, () => context.newPage()));
    for (const round of [1, 2, 3]) {
      here.log.length = 0;
      if (round === 3) await context.clearCookies({ name: SID }); // a restore
      await dropCookie();
      const shown = await Promise.all(tabs.map((tab) => show("/me", tab)));
      for (const one of shown) expect(one).to.include('200 {"name":"Ann"');
      expect(refreshes().filter((line) => line.endsWith("200"))).to.have.length(1);
    }
  });

  it("opens a WebSocket, for which the browser refreshes first", async () => {
    await logIn();
    await dropCookie();
    const who = await page.evaluate(
      (url) =>
        new Promise((resolve) => {
          const socket = new WebSocket(url);
          socket.onmessage = ({ data }) => resolve(data);
          socket.onerror = () => resolve("an error");
        }),
      here.origin.replace("https", "wss"),
    );
    expect(who).to.equal("Ann");
    expect(here.log).to.eql([`${REFRESH} 200`]);
  });

  it("stays logged out after a logout during a refresh", async () => {
    await logIn();
    await dropCookie();
    before = async (line) => {
      if (line !== REFRESH) return;
      before = () => undefined;
      // The refresh waits until the login has ended, by a request that has the cookies and needs no device.
      const cookies = (await context.cookies()).map(({ name, value }) => `${name}=${value}`).join("; ");
      expect(await here.send("POST /logout", cookies)).to.equal(200);
    };
    expect(await show("/me")).to.include("401 ");
    expect(await show("/me")).to.include("401 ");
    expect(await at.login.sessions.list("1")).to.eql([]);
  });

  it("ends when another browser revokes it, and the browser deletes its key", async () => {
    await logIn();
    await at.login.sessions.revokeAll("1");
    await dropCookie();
    expect(await show("/me")).to.include("401 ");
    expect(refreshes()).to.eql([`${REFRESH} 200`]);
    expect(await show("/me")).to.include("401 ");
    expect(refreshes(), "no other refresh").to.have.length(1);
  });

  it("stays when the store or the user loader is away during a refresh", async () => {
    await logIn({});
    const sid = await cookie(SID);
    for (const verb of ["read", "proof.create"] as const) {
      here.log.length = 0;
      await dropCookie();
      at.store.before = (called) => {
        if (called === verb) throw new StoreUnavailableError("away");
      };
      await show("/public");
      expect(here.log[0], verb).to.equal(`${REFRESH} 503`);
      await page.evaluate(() => fetch("/note/visitors", { method: "POST" }));
      at.store.before = () => undefined;
      await expectEventually(async () => (await show("/me")).startsWith("200 "));
      expect(await cookie(SID)).to.equal(sid);
    }
  });

  it("stays when the browser has used up its quota of refreshes", async () => {
    context = await here.open({ quota: true });
    page = await context.newPage();
    await logIn();
    const [sid, remember] = [await cookie(SID), await cookie(REMEMBER)];
    let shown = "200";
    for (let n = 0; n < 12 && shown.startsWith("200"); n++) {
      await dropCookie();
      shown = await show("/me");
    }
    expect(shown).to.include("401 ");
    expect(here.log.at(-1)).to.equal("GET /me 401 quota_exceeded");
    await page.evaluate(() => fetch("/note/visitors", { method: "POST" }));
    expect([await cookie(SID), await cookie(REMEMBER)]).to.eql([sid, remember]);
    expect(await at.login.sessions.list("1")).to.have.length(1);
    context = await here.open(); // the quota is gone
    page = await context.newPage();
    expect(await show("/me")).to.include("200 ");
  });

  it("is shown to a user who follows a link on another site", async () => {
    await logIn();
    for (const name of [DEVICE, SID]) {
      await context.clearCookies({ name });
      await dropCookie();
      here.log.length = 0;
      await page.goto(`${here.origin.replace("localhost", "127.0.0.1")}/public`);
      await page.evaluate(`location.href = "${here.origin}/me#top"`);
      await page.getByText("Ann").waitFor();
      expect(page.url()).to.equal(`${here.origin}/me#top`);
      expect(here.log.slice(1)).to.eql(["GET /me 200", `${REFRESH} 200`, "GET /me 200"]);
    }
  });
});
