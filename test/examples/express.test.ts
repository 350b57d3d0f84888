import { expect } from "chai";
import { Browser } from "../support/browser.js";
import { type RunningExample, runExample } from "../support/running-example.js";

const ANN = { email: "ann@example.com", password: "correct horse" };

describe("the example express.ts", () => {
  let example: RunningExample;
  let browser: Browser;
  beforeEach(async () => {
    example = await runExample("express");
    browser = new Browser(example.origin);
  });
  afterEach(() => example.stop());

  it("logs in, redirects to the requested page, remembers the browser and logs out", async () => {
    expect((await browser.get("/?x=1")).location).to.equal("/login?next=%2F%3Fx%3D1");
    expect((await browser.get("/login")).text).to.include("<form");
    for (const wrong of [
      { ...ANN, password: "wrong" },
      { ...ANN, email: "eve@example.com" },
      { email: ANN.email },
      {},
    ]) {
      expect((await browser.post("/login", { form: wrong })).status).to.equal(401);
    }
    const form = { ...ANN, remember: "on" };
    expect((await browser.post("/login?next=%2F%3Fx%3D1", { form })).location).to.equal("/?x=1");
    await browser.restart();
    expect((await browser.get("/")).text).to.include("Hello, ann@example.com!");
    expect((await browser.post("/logout")).location).to.equal("/login");
    expect((await browser.get("/")).location).to.equal("/login?next=%2F");
  });

  it("asks the user of a restored login for the password before a password change, which ends the other logins", async () => {
    const other = new Browser(example.origin);
    await other.post("/login", { form: ANN });
    await browser.post("/login", { form: { ...ANN, remember: "on" } });
    await browser.restart();

    expect((await browser.post("/password", { form: { password: "a new, longer one" } })).location).to.equal(
      "/confirm",
    );
    expect((await browser.get("/password")).location).to.equal("/confirm?next=%2Fpassword");
    expect((await browser.get("/confirm")).text).to.include("<form");
    expect((await browser.post("/confirm", { form: { password: "a new, longer one" } })).status).to.equal(401);
    const confirmed = await browser.post("/confirm?next=%2Fpassword", { form: { password: ANN.password } });
    expect(confirmed.location).to.equal("/password");
    expect((await browser.get("/password")).text).to.include("<form");
    for (const form of [{ password: "14 characters!" }, {}]) {
      expect((await browser.post("/password", { form })).status).to.equal(422);
    }
    expect((await browser.post("/password", { form: { password: "a new, longer one" } })).location).to.equal("/");

    expect((await browser.get("/")).status).to.equal(200);
    await browser.restart();
    expect((await browser.get("/")).status, "still remembered").to.equal(200);
    expect((await other.get("/")).status).to.equal(302);
    expect((await other.post("/login", { form: ANN })).status).to.equal(401);
    expect((await other.post("/login", { form: { ...ANN, password: "a new, longer one" } })).location).to.equal("/");
  });
});
