import { expect } from "chai";
import { Browser } from "../support/browser.js";
import { type RunningExample, runExample } from "../support/running-example.js";
import { codeOf } from "../support/second-factor.js";

const TOTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";
const password = "correct horse";
const ANN = { email: "ann@example.com", password };
const SAM = { email: "sam@shop.example", password };
const KIM = { email: "kim@shop.example", password };

describe("the example staff.ts", () => {
  let example: RunningExample;
  let browser: Browser;
  beforeEach(async () => {
    example = await runExample("staff", { TOTP_SECRET });
    browser = new Browser(example.origin);
  });
  afterEach(() => example.stop());

  const sendCode = (code: string, next = "/staff") => browser.post(`/staff/code?next=${next}`, { form: { code } });

  it("asks staff for a code after the password, and then opens the requested page", async () => {
    const next = "%2Fstaff%2Frefunds";
    expect((await browser.get("/staff/refunds")).location).to.equal(`/staff/login?next=${next}`);
    expect((await browser.get("/staff/login")).text).to.include("<form");
    expect((await browser.post("/staff/login", { form: { ...SAM, password: "wrong" } })).status).to.equal(401);
    expect((await browser.post(`/staff/login?next=${next}`, { form: SAM })).location).to.equal("/staff/refunds");
    expect((await browser.get("/staff/refunds")).location).to.equal(`/staff/code?next=${next}`);
    expect((await browser.get("/staff/code")).text).to.include("<form");
    expect((await sendCode("000000", next)).status).to.equal(422);
    const code = codeOf(TOTP_SECRET);
    expect((await sendCode(code, next)).location).to.equal("/staff/refunds");
    expect((await browser.get("/staff/refunds")).text).to.equal("Refunds");

    await browser.post("/staff/login", { form: SAM });
    expect((await sendCode(code)).status, "the same code again").to.equal(422);
    expect((await browser.get("/staff")).status, "a new login is not complete").to.equal(302);
  });

  it("refuses all codes for a minute after five wrong ones, and sends a code without a password to the login", async () => {
    await browser.post("/staff/login", { form: SAM });
    const statuses: number[] = [];
    for (const code of ["1", "2", "3", "4", "5", codeOf(TOTP_SECRET)]) statuses.push((await sendCode(code)).status);
    expect(statuses).to.eql([422, 422, 422, 422, 422, 429]);
    await browser.post("/staff/logout");
    expect((await sendCode(codeOf(TOTP_SECRET))).location).to.equal("/staff/login");
  });

  it("asks customers for the password only, and gives them no way to the pages of staff, even with the same id", async () => {
    expect((await browser.post("/login", { form: SAM })).status, "staff are no customers").to.equal(401);
    expect((await browser.post("/login", { form: ANN })).location).to.equal("/");
    expect((await browser.get("/")).text).to.include("Your orders, ann@example.com.");
    expect((await browser.get("/staff")).location).to.equal("/staff/login?next=%2Fstaff");
    expect((await browser.post("/staff/login", { form: ANN })).status, "customers are no staff").to.equal(401);
  });

  it("logs in a customer and an employee in one browser: when one logs out, the other stays logged in", async () => {
    const logIn = async () => {
      await browser.post("/login", { form: ANN });
      await browser.post("/staff/login", { form: KIM });
    };
    const seen = async () => [(await browser.get("/")).status, (await browser.get("/staff")).status];
    await logIn();
    expect(await seen()).to.eql([200, 302]);
    await sendCode(codeOf(TOTP_SECRET));
    expect(await seen()).to.eql([200, 200]);
    expect((await browser.get("/")).text).to.include("ann@example.com");
    expect((await browser.get("/staff")).text).to.include("kim@shop.example");
    expect((await browser.get("/staff/refunds")).status, "Kim does not have the role").to.equal(403);

    expect((await browser.post("/logout")).location).to.equal("/login");
    expect(await seen()).to.eql([302, 200]);
    await browser.post("/login", { form: ANN });
    expect((await browser.post("/staff/logout")).location).to.equal("/staff/login");
    expect(await seen()).to.eql([200, 302]);
  });
});
