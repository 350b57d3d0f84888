import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import type { Express } from "express";
import type { Page } from "playwright-core";
import { inChromium } from "../support/chromium.js";
import { flashSite, LOG_IN } from "../support/flash-site.js";

/** Adds the pages that the browser opens. */
function pages(app: Express): void {
  app.get(
    "/enter",
    (_req, res) => void res.send('<form method="post" action="/welcome/1"><button>Log in</button></form>'),
  );
  app.get("/login", (_req, res) => void res.send("<h1>Log in</h1>"));
  app.post("/cart", (req, res) => {
    req.session.note = "in the cart";
    res.send("<h1>In the cart</h1>");
  });
}

inChromium("a form on another site's page", (here) => {
  let server: Server;
  let evil: string;

  before(async () => {
    server = createServer((_req, res) => res.setHeader("Content-Type", "text/html").end("<!doctype html><title>evil"));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    evil = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  after(() => new Promise((resolve) => server.close(resolve)));

  /** Sends a form from the other site to a path of the site at localhost. Returns the headers that the browser sent. */
  async function forge(page: Page, origin: string, path: string, target: string): Promise<Record<string, string>> {
    await page.goto(evil);
    const sent = page.context().waitForEvent("request", (request) => new URL(request.url()).pathname === path);
    const form = `<iframe name="frame"></iframe><form method="post" action="${origin}${path}" target="${target}"></form>`;
    await page.evaluate(`document.body.innerHTML = ${JSON.stringify(form)}; document.forms[0].submit()`);
    const frame = target === "frame" ? page.frameLocator("iframe") : page;
    await frame.getByRole("heading").waitFor();
    return (await sent).allHeaders();
  }

  for (const target of ["_top", "frame"]) {
    it(`does not end or replace the login when it targets ${target}`, async () => {
      const at = await flashSite({}, pages);
      const origin = at.origin.replace("127.0.0.1", "localhost");
      const page = await here().newPage();
      const messages = async () => {
        await page.goto(`${origin}/take`);
        return page.locator("body").innerText();
      };
      await page.goto(`${origin}/guarded`);
      await page.goto(`${origin}/enter`);
      await page.getByRole("button").click();
      expect(await page.locator("body").innerText())
        .to.include("Welcome")
        .and.not.include(LOG_IN);

      for (const path of ["/guarded", "/cart"]) {
        const headers = await forge(page, origin, path, target);
        expect(headers).to.include({ "sec-fetch-site": "cross-site" });
        expect(headers.cookie ?? "", "no session cookie is sent").not.to.include("sid=");
        expect(await messages()).to.equal("[]");
        await page.goto(`${origin}/guarded`);
        expect(await page.locator("body").innerText(), path).to.equal("guarded");
      }
      expect(at.store.calls.filter((verb) => verb === "create")).to.have.lengthOf(1);
    });
  }
});
