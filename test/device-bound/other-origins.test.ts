import { expect } from "chai";
import { deviceBound } from "latchkey/device-bound";
import { offerIn } from "../support/device-browser.js";
import { deviceSite } from "../support/device-site.js";

const PAGES = "https://app.example.com";
const fetched = (origin: string) => ({
  "sec-fetch-mode": "cors",
  "sec-fetch-site": "same-site",
  ...{ origin, accept: "application/json", "x-forwarded-proto": "https" },
});

describe("a login by a page of another origin", () => {
  /** The answer to a login, with the headers of a page. */
  async function answerTo(at: Awaited<ReturnType<typeof deviceSite>>, headers: Record<string, string>) {
    const { headers: sent, status } = await at.sendCopy("POST /login/1", "", { headers, json: {} });
    expect(status).to.equal(200);
    return sent["secure-session-registration"];
  }

  it("is not bound if the page uses fetch, because the browser would not refresh for that page", async () => {
    const at = await deviceSite();
    expect(await answerTo(at, fetched(PAGES))).to.equal(undefined);
    expect(await answerTo(at, { ...fetched(PAGES), "sec-fetch-site": "cross-site" })).to.equal(undefined);
    expect(await answerTo(at, { ...fetched(at.origin), "sec-fetch-site": "same-origin" })).to.be.a("string");
    // A form, or the redirect of an identity provider.
    expect(await answerTo(at, { ...fetched(PAGES), "sec-fetch-mode": "navigate" })).to.be.a("string");
  });

  it("is bound if the origin is trusted, and the browser is told to refresh for its pages", async () => {
    const at = await deviceSite({ deviceBound: deviceBound({ trustedOrigins: [PAGES, "https://localhost:3000"] }) });
    expect(await answerTo(at, fetched("https://evil.example.com"))).to.equal(undefined);
    expect(await answerTo(at, fetched(PAGES))).to.be.a("string");
    const browser = at.newBrowser();
    browser.registers = false;
    const answer = await browser.post("/login/1", { json: {} });
    expect(offerIn(answer)).to.not.equal(null);
    const { allowed_refresh_initiators: hosts } = (await browser.register(answer))!.json<{
      allowed_refresh_initiators: string[];
    }>();
    expect(hosts).to.eql(["app.example.com", "localhost"]);
  });
});
