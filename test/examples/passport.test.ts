import { expect } from "chai";
import { Browser } from "../support/browser.js";
import { type RunningExample, runExample } from "../support/running-example.js";

const ANN = { email: "ann@example.com", password: "correct horse" };

describe("the example passport.ts", () => {
  let example: RunningExample;
  before(async () => {
    example = await runExample("passport");
  });
  after(() => example.stop());

  it("logs in a user whom Passport authenticates, remembers the browser and logs out", async () => {
    const browser = new Browser(example.origin);
    expect((await browser.get("/?x=1")).location).to.equal("/login");
    expect((await browser.get("/login")).text)
      .to.include("<form")
      .and.not.include("Wrong");
    for (const wrong of [{ ...ANN, password: "wrong" }, { ...ANN, email: "eve@example.com" }, { email: ANN.email }]) {
      expect((await browser.post("/login", { form: wrong })).location).to.equal("/login?failed");
      expect((await browser.get("/")).status).to.equal(302);
    }
    expect((await browser.get("/login?failed")).text).to.include("Wrong e-mail or password.");
    const withoutBody = await new Browser(example.origin).post(`/login?${new URLSearchParams(ANN)}`);
    expect(withoutBody.location, "Passport also accepts credentials in the query").to.equal("/");

    await browser.get("/?x=1");
    const form = { ...ANN, remember: "on" };
    expect((await browser.post("/login", { form })).location, "the requested page").to.equal("/?x=1");
    await browser.restart();
    expect((await browser.get("/")).text).to.include("Hello, ann@example.com!");
    expect((await browser.post("/logout")).location).to.equal("/login");
    expect((await browser.get("/")).status).to.equal(302);
  });
});
