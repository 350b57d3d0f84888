import { expect } from "chai";
import sinon from "sinon";
import { send } from "../support/raw-client.js";
import { DAY, days, visit } from "../support/remembering.js";
import type { Me } from "../support/site.js";

describe("refreshing the stateless remember cookie on each request", () => {
  let clock: sinon.SinonFakeTimers;
  beforeEach(() => {
    clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
  });
  afterEach(() => sinon.restore());

  it("is off by default", async () => {
    const { login, origin } = await visit();
    const cookie = await login();
    clock.tick(DAY);
    for (const path of ["/public", "/note"]) {
      expect((await send(origin, `GET ${path}`, { cookie })).headers["set-cookie"]).to.equal(undefined);
    }
  });

  it("renews a valid cookie for the duration that was given at the login", async () => {
    const { browser } = await visit({ remember: { mode: "stateless", refreshEachRequest: true } });
    await browser.post("/login/1", { json: { remember: true, duration: "2d" } });
    for (let day = 0; day < 10; day++) {
      clock.tick(DAY);
      await browser.restart();
      expect(days((await browser.get("/public")).cookies), "no renewal without a session").to.equal(undefined);
      expect(days((await browser.get("/me")).cookies), "the request that restores the login").to.equal(2);
      expect(days((await browser.get("/public")).cookies)).to.equal(2);
    }
    expect((await browser.get("/me")).json<Me>().remembered).to.equal(true);
    await browser.restart();
    clock.tick(2 * DAY);
    expect(days((await browser.get("/public")).cookies)).to.equal(undefined);
    expect((await browser.get("/me")).status).to.equal(401);
  });

  it("does not override a logout or login, which sets or removes the cookie itself", async () => {
    const { login, origin } = await visit({ remember: { mode: "stateless", refreshEachRequest: true } });
    const cookie = await login();
    const remembers = async (line: string, json: object = {}) =>
      (await send(origin, line, { cookie, json })).headers["set-cookie"]!.filter((one) => one.startsWith("remember="));
    expect(await remembers("POST /logout"))
      .to.have.lengthOf(1)
      .and.satisfy(([one]: string[]) => one!.startsWith("remember=;"));
    expect(await remembers("POST /login/1"))
      .to.have.lengthOf(1)
      .and.satisfy(([one]: string[]) => one!.startsWith("remember=;"));
    expect(days(await remembers("POST /login/1", { remember: true, duration: "3d" }))).to.equal(3);
    expect(await remembers("POST /login/1", { remember: true })).to.have.lengthOf(1);
  });

  it("does not renew a forged or expired cookie", async () => {
    const { login, origin } = await visit({
      remember: { mode: "stateless", refreshEachRequest: true, duration: "1d" },
    });
    const cookie = await login();
    clock.tick(DAY);
    for (const bad of [cookie, `${cookie}x`, "remember=x"]) {
      const { status, headers } = await send(origin, "GET /public", { cookie: bad });
      expect([status, headers["set-cookie"]]).to.deep.equal([200, undefined]);
    }
  });

  it("never sets the cookie in a response that a shared cache may store", async () => {
    const { app, origin } = await visit({ remember: { mode: "stateless", refreshEachRequest: true } });
    app.get("/cached/:how", (req, res) => void res.set("Cache-Control", req.params.how).send("for all"));
    const { cookie } = await send(origin, "POST /login/1", { json: { remember: true } });
    const plain = (await send(origin, "GET /public", { cookie })).headers;
    expect(days(plain["set-cookie"])).to.equal(365);
    expect([plain.vary, plain["cache-control"]]).to.deep.equal(["Cookie", "private, no-store"]);
    for (const [how, renewed] of [
      ["public, max-age=60", undefined],
      ["max-age=60", undefined],
      ["private", 365],
      ["no-store", 365],
    ] as const) {
      const { headers } = await send(origin, `GET /cached/${encodeURIComponent(how)}`, { cookie });
      expect([headers["cache-control"], days(headers["set-cookie"])]).to.deep.equal([how, renewed]);
    }
  });
});
