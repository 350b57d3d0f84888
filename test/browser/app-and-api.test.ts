import { expect } from "chai";
import { inChromium } from "../support/chromium.js";
import { serve } from "../support/server.js";
import { startTwoHosts } from "../support/two-hosts.js";
import { expectText } from "./steps.js";

inChromium("an app and its API on two subdomains", (here) => {
  it("logs in by a cookie of the API, which the app's own requests do not have", async () => {
    const { app, api } = (await startTwoHosts("docs/recipes/app-and-api.md", "api")).origins;
    const page = await here().newPage({ baseURL: app });
    await page.goto("/");
    await expectText(page, "You need to log in.");
    await page.locator("[name=email]").fill("ann@example.com");
    await page.locator("[name=password]").fill("correct horse");
    await page.getByRole("button", { name: "Log in" }).click();
    await expectText(page, "Hello, ann@example.com");
    await page.reload();
    await expectText(page, "Hello, ann@example.com");
    const names = async (url: string) => (await page.context().cookies(url)).map(({ name }) => name).sort();
    expect([await names(api), await names(app)]).to.eql([["remember", "sid"], []]);
  });

  it("refuses another subdomain, although the browser sends the cookies with its requests", async () => {
    const { app, api } = (await startTwoHosts("docs/recipes/app-and-api.md", "api")).origins;
    const page = await here().newPage({ baseURL: app });
    await page.goto("/");
    await page.locator("[name=email]").fill("ann@example.com");
    await page.locator("[name=password]").fill("correct horse");
    await page.getByRole("button", { name: "Log in" }).click();
    await expectText(page, "Hello, ann@example.com");
    const { port } = new URL(await serve((_req, res) => res.end("evil")));
    await page.goto(`http://evil.site.localhost:${port}`);
    const statusOf = async (path: string, method: string) => {
      const answered = page.waitForResponse(api + path);
      await page.evaluate(
        ([url, method]) => fetch(url!, { method: method!, mode: "no-cors", credentials: "include" }).then(() => {}),
        [api + path, method],
      );
      return (await answered).status();
    };
    expect([await statusOf("/me", "GET"), await statusOf("/logout", "POST")]).to.eql([200, 403]);
    await page.goto(app);
    await expectText(page, "Hello, ann@example.com");
  });
});
