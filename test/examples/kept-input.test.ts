import { expect } from "chai";
import sinon from "sinon";
import { Browser } from "../support/browser.js";
import { ANN, type Example, serveExample } from "../support/example.js";

describe("a form of the example site", () => {
  let example: Example;
  let browser: Browser;

  beforeEach(async () => {
    sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
    example = await serveExample();
    browser = new Browser(example.origin);
  });

  afterEach(async () => {
    sinon.restore();
    await example.close();
  });

  it("is shown again with the e-mail after too many wrong passwords, and the page says how long to wait", async () => {
    const form = { ...ANN, password: "not the right one", next: "/profile", remember: "on" };
    for (let time = 1; time <= 5; time++) await browser.post("/login", { form });
    const refused = await browser.post("/login", { form });
    expect([refused.status, refused.headers.get("retry-after")]).to.deep.equal([429, "900"]);
    expect(refused.text)
      .to.include("Please try again in 15 minutes.")
      .and.include(`value="${ANN.email}"`)
      .and.include('name="next" value="/profile"')
      .and.match(/name="remember"[^>]*checked/)
      .and.not.include("not the right one");
  });

  it("is shown again after too many wrong passwords at the confirmation", async () => {
    await browser.post("/login", { form: ANN });
    const form = { password: "wrong password", next: "/password" };
    for (let time = 1; time <= 5; time++) await browser.post("/confirm", { form });
    const refused = await browser.post("/confirm", { form });
    expect(refused.status).to.equal(429);
    expect(refused.text)
      .to.include("Please try again in 15 minutes.")
      .and.include('name="next" value="/password"')
      .and.not.include('value="wrong password"');
  });

  it("can be sent again after an error of the server, with what was typed", async () => {
    await browser.post("/login", { form: ANN });
    const rename = sinon.stub(example.accounts.constructor.prototype, "rename").rejects(new Error("disk full"));
    const failed = await browser.post("/profile", { form: { name: "Ann <3" } });
    expect(failed.status).to.equal(500);
    expect(failed.text)
      .to.include("What you typed is still here.")
      .and.include('action="/profile"')
      .and.include('name="name" value="Ann &lt;3"')
      .and.not.include("disk full");
    expect(example.errors.splice(0)).to.have.length(1);
    rename.restore();
    expect((await browser.post("/profile", { form: { name: "Ann <3" } })).location).to.equal("/dashboard");
  });

  it("shows no password on the page of an error", async () => {
    const authenticate = sinon.stub(example.accounts.constructor.prototype, "authenticate").rejects(new Error("down"));
    const failed = await browser.post("/login", { form: ANN });
    expect(failed.status).to.equal(500);
    expect(failed.text).not.to.include(ANN.password).and.not.include("Try again</button>");
    expect(example.errors.splice(0)).to.have.length(1);
    authenticate.restore();
  });

  it("says in plain words that the input is too long, and that a page does not exist", async () => {
    const tooLong = await browser.post("/login", { form: { email: "x".repeat(30_000) } });
    expect([tooLong.status, tooLong.text.includes("Please make it shorter.")]).to.deep.equal([413, true]);
    expect((await browser.get("/nothing")).text).to.include("<h1>Page not found</h1>");
  });

  it("for the name of a login keeps a name that is too long", async () => {
    await browser.post("/login", { form: ANN });
    const [{ id } = { id: "" }] = await example.login.sessions.list("1");
    const name = "my phone ".repeat(12);
    const refused = await browser.post(`/logins/${id}/name`, { form: { label: name } });
    expect(refused.status).to.equal(422);
    expect(refused.text)
      .to.include(`value="${name}"`)
      .and.match(/<details open>/);
  });

  it("never limits the length of a password in the browser, which would cut off a pasted one", async () => {
    await browser.post("/login", { form: ANN });
    for (const path of ["/signup", "/password", "/confirm"]) {
      const input = /<input[^>]* type="password"[^>]*>/.exec((await browser.get(path)).text)![0];
      expect(input, path).to.not.match(/maxlength|pattern|onpaste/);
    }
  });
});
