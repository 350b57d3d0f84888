import { expect } from "chai";
import sinon from "sinon";
import { deviceName } from "../../examples/web/device.js";
import { apiClient, Browser } from "../support/browser.js";
import { ANN, type Example, serveExample } from "../support/example.js";

const MINUTE = 60_000;
const WRONG = { ...ANN, password: "wrong password" };

describe("the example site", () => {
  let example: Example;
  let origin: string;

  beforeEach(async () => {
    sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
    example = await serveExample();
    origin = example.origin;
  });

  afterEach(async () => {
    sinon.restore();
    await example.close();
  });

  const logIn = async (form: Record<string, string>) => (await new Browser(origin).post("/login", { form })).status;

  it("sends a Content-Security-Policy that allows only its own content, and no X-Powered-By", async () => {
    for (const path of ["/", "/style.css", "/api/me", "/nothing"]) {
      const { headers } = await new Browser(origin).get(path);
      expect(headers.get("content-security-policy"), path)
        .to.include("default-src 'none'")
        .and.not.match(/unsafe|upgrade-insecure-requests|\*/);
      expect(headers.get("x-powered-by")).to.equal(null);
    }
  });

  it("has no inline scripts or styles", async () => {
    const browser = new Browser(origin);
    await browser.post("/login", { form: ANN });
    for (const path of ["/", "/dashboard", "/logins", "/tokens", "/password"]) {
      expect((await browser.get(path)).text, path).not.to.match(
        /<style|style=|\son\w+=|<script(?! src="\/(?:live|show-password)\.js")/,
      );
    }
  });

  it("rejects the forms of other origins, on pages and without a page, and logs them", async () => {
    const browser = new Browser(origin);
    await browser.post("/login", { form: ANN });
    const forged: Array<Record<string, string>> = [
      { "sec-fetch-site": "cross-site" },
      { "sec-fetch-site": "same-site", origin: "https://www.shop.example" },
      { origin: "https://evil.example" },
      { origin: "null" },
      { origin: `${origin}.evil.example` },
    ];
    for (const headers of forged) {
      for (const path of ["/login", "/logout", "/profile", "/signup", "/nothing"]) {
        expect((await browser.post(path, { headers, form: { name: "Eve" } })).status, path).to.equal(403);
      }
    }
    const logged = example.events.filter(([name]) => name === "other origin").map(([, details]) => details);
    expect(logged).to.have.lengthOf(25);
    expect(logged[24]).to.eql({ origin: `${origin}.evil.example`, path: "/nothing", address: "127.0.0.1" });
    expect((await browser.get("/profile", { headers: forged[0]! })).text, "a link").not.to.include("Eve");
    for (const headers of [{ origin }, { "sec-fetch-site": "same-origin", origin: "null" }]) {
      expect((await browser.post("/profile", { headers, form: { name: "Ann" } })).status).to.equal(303);
    }
  });

  it("rejects API requests from pages of other origins", async () => {
    const api = apiClient(origin);
    await api.post("/api/login", { json: ANN });
    for (const from of ["https://evil.example", "null", `${origin}.evil.example`]) {
      const refused = await api.post("/api/logout", { headers: { origin: from } });
      expect(refused.json(), from).to.include({ status: 403, code: "cross_origin" });
    }
    expect((await api.get("/api/me")).status).to.equal(200);
    expect((await api.post("/api/logout", { headers: { origin } })).status).to.equal(204);
  });

  it("checks at most five wrong passwords per account in 15 minutes, even if they are sent at the same time", async () => {
    const volley = await Promise.all(Array.from({ length: 8 }, () => logIn(WRONG)));
    expect(volley.sort()).to.deep.equal([422, 422, 422, 422, 422, 429, 429, 429]);
    expect(await logIn(ANN)).to.equal(429);
    expect((await apiClient(origin).post("/api/login", { json: ANN })).status, "through the API too").to.equal(429);
    expect(await logIn({ ...ANN, email: "other@example.com" })).to.equal(422);
    sinon.clock.tick(15 * MINUTE + 1);
    expect(await logIn(ANN)).to.equal(303);
  });

  it("does not count successful logins toward the limit", async () => {
    for (let time = 1; time <= 4; time++) expect(await logIn(WRONG)).to.equal(422);
    for (let time = 1; time <= 4; time++) expect(await logIn(ANN)).to.equal(303);
    expect(await logIn(WRONG)).to.equal(422);
    expect(await logIn(ANN)).to.equal(429);
  });

  it("counts a wrong password at a confirmation for the logged-in account, whatever e-mail the form contains", async () => {
    const browser = new Browser(origin);
    await browser.post("/login", { form: ANN });
    const statuses: number[] = [];
    for (let time = 1; time <= 6; time++) {
      const form = { password: "wrong password", email: `other${time}@example.com` };
      statuses.push((await browser.post("/confirm", { form })).status);
    }
    expect(statuses).to.deep.equal([422, 422, 422, 422, 422, 429]);
  });

  it("logs failed logins, logins and logouts with the client's address", async () => {
    await logIn(WRONG);
    const browser = new Browser(origin);
    await browser.post("/login", { form: ANN });
    await browser.post("/logout");
    expect(example.events.map(([name]) => name)).to.deep.equal(["failed login", "login", "logout"]);
    expect(example.events.every(([, { address }]) => address === "127.0.0.1")).to.equal(true);
  });

  it("shows the name of a browser from its User-Agent", () => {
    const linux = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
    const phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)";
    expect([linux, `${phone} Version/18.0 Mobile/15E148 Safari/604.1`, "curl/8.5.0", "", null].map(deviceName))
      .to.deep //
      .equal(["Firefox on Linux", "Safari on iOS", "curl", "An unknown program", "An unknown program"]);
  });
});
