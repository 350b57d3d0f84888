import { expect } from "chai";
import express from "express";
import { isSameOrigin, sameOriginRequired } from "latchkey";
import { type Browser, chromium, type Page } from "playwright-core";
import { WebSocketServer } from "ws";
import { inChromium, LAUNCH } from "../support/chromium.js";
import { until } from "../support/redis-servers.js";
import { serve } from "../support/server.js";

/** What the server did with the requests of a page. */
interface Outcome {
  form: number;
  fetch: number;
  socket: number;
  /** What the browser sent with the form. */
  sent: { site: string | undefined; origin: string | undefined };
}

const PASSES = { form: 200, fetch: 200, socket: 101 };
const REFUSED = { form: 403, fetch: 403, socket: 403 };

/** A site with the guard. Its pages, and those of any other site, are at every path. It notes the status of each POST request. */
async function guardedSite(referrerPolicy = "strict-origin-when-cross-origin") {
  const statuses: Record<string, number> = {};
  let sent: Outcome["sent"] | undefined;
  const app = express();
  app.use((req, res, next) => {
    res.set("Referrer-Policy", referrerPolicy);
    if (req.path === "/form") sent = { site: req.get("sec-fetch-site"), origin: req.get("origin") };
    res.on("finish", () => {
      if (req.method === "POST") statuses[req.path.slice(1)] = res.statusCode;
    });
    next();
  });
  app.use(sameOriginRequired());
  app.use((_req, res) => void res.type("html").send("<!doctype html><title>page</title><h1>Welcome</h1>"));
  const sockets = new WebSocketServer({ noServer: true });
  const origin = await serve(app, (req, socket, head) => {
    statuses.socket = isSameOrigin(req) ? 101 : 403;
    if (statuses.socket === 101) sockets.handleUpgrade(req, socket, head, () => {});
    else socket.destroy();
  });
  const { port } = new URL(origin);
  return {
    port,
    statuses,
    /** Lets the current page send a request of each kind to the site at this host. */
    async attack(page: Page, host: string): Promise<Outcome> {
      const to = `${host}:${port}`;
      await page.evaluate(async (at) => {
        await fetch(`http://${at}/fetch`, { method: "POST", mode: "no-cors" });
        await new Promise((resolve) => {
          const socket = new WebSocket(`ws://${at}/socket`);
          socket.onopen = socket.onerror = resolve;
        });
      }, to);
      const form = `<form method="post" action="http://${to}/form"></form>`;
      await page.evaluate(`document.body.innerHTML = ${JSON.stringify(form)}; document.forms[0].submit()`);
      await page.waitForURL("**/form");
      await page.getByRole("heading").waitFor();
      return { ...(statuses as unknown as Outcome), sent: sent! };
    },
  };
}

inChromium("sameOriginRequired", (here) => {
  it("lets the site's own forms, scripts and WebSockets pass", async () => {
    const site = await guardedSite();
    const page = await here().newPage();
    await page.goto(`http://localhost:${site.port}`);
    const { sent, ...outcome } = await site.attack(page, "localhost");
    expect(sent).to.eql({ site: "same-origin", origin: `http://localhost:${site.port}` });
    expect(outcome).to.eql(PASSES);
  });

  it("lets a form of the site's own pass if Referrer-Policy is no-referrer, by Sec-Fetch-Site", async () => {
    const site = await guardedSite("no-referrer");
    const page = await here().newPage();
    await page.goto(`http://localhost:${site.port}`);
    const { sent, ...outcome } = await site.attack(page, "localhost");
    expect(sent).to.eql({ site: "same-origin", origin: "null" });
    expect(outcome).to.eql(PASSES);
  });

  for (const { from, host, site: expected } of [
    { from: "another site", host: "127.0.0.1", site: "cross-site" },
    { from: "another port", host: "localhost", site: "same-site" },
  ]) {
    it(`refuses the forms, scripts and WebSockets of ${from}, but not its links`, async () => {
      const site = await guardedSite();
      const evil = `http://${host}:${(await guardedSite()).port}`;
      const page = await here().newPage();
      await page.goto(evil);
      const { sent, ...outcome } = await site.attack(page, "localhost");
      expect(sent).to.eql({ site: expected, origin: evil });
      expect(outcome).to.eql(REFUSED);
      await page.goto(evil);
      await page.evaluate(`document.body.innerHTML = '<a href="http://localhost:${site.port}/linked">Look</a>'`);
      await page.getByRole("link").click();
      await page.getByRole("heading", { name: "Welcome" }).waitFor();
      expect(new URL(page.url()).pathname).to.equal("/linked");
    });
  }

  it("refuses a form in a sandboxed frame, although the frame is on a page of the site's own", async () => {
    const site = await guardedSite();
    const page = await here().newPage();
    await page.goto(`http://localhost:${site.port}`);
    const form = "<form method=post action=/form></form><script>document.forms[0].submit()</script>";
    const frame = `<iframe sandbox="allow-scripts allow-forms" srcdoc="${form}"></iframe>`;
    await page.evaluate(`document.body.innerHTML = ${JSON.stringify(frame)}`);
    await until(async () => site.statuses.form !== undefined); // Playwright does not always report what a frame sends
    expect(site.statuses.form).to.equal(403);
  });

  describe("over plain HTTP, where browsers send no Sec-Fetch-Site", () => {
    let browser: Browser;

    before(async () => {
      const args = [...LAUNCH.args!, "--host-resolver-rules=MAP *.example 127.0.0.1"];
      browser = await chromium.launch({ ...LAUNCH, args });
    });
    after(() => browser.close());

    it("compares Origin with Host", async () => {
      const site = await guardedSite();
      for (const [host, expected] of [
        ["shop.example", PASSES],
        ["evil.example", REFUSED],
        ["shop.example.evil.example", REFUSED],
      ] as const) {
        const page = await browser.newPage();
        await page.goto(`http://${host}:${site.port}`);
        const { sent, ...outcome } = await site.attack(page, "shop.example");
        expect(sent).to.eql({ site: undefined, origin: `http://${host}:${site.port}` });
        expect(outcome, host).to.eql(expected);
      }
    });

    it("refuses a form of the site's own if Referrer-Policy is no-referrer, as the documentation says", async () => {
      const site = await guardedSite("no-referrer");
      const page = await browser.newPage();
      await page.goto(`http://shop.example:${site.port}`);
      const { sent, ...outcome } = await site.attack(page, "shop.example");
      expect(sent).to.eql({ site: undefined, origin: "null" });
      expect(outcome).to.eql({ ...PASSES, form: 403 });
    });
  });
});
