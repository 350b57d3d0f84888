import { expect } from "chai";
import { guardTable } from "latchkey/routing-controllers";
import sinon from "sinon";
import { controllers } from "../../examples/web/app.js";
import { Browser } from "../support/browser.js";
import { ADMIN, ANN, type Example, serveExample } from "../support/example.js";

const MINUTE = 60_000;

describe("the pages of the example site", () => {
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

  async function loggedIn(form: Record<string, string> = ANN): Promise<Browser> {
    const browser = new Browser(origin);
    expect((await browser.post("/login", { form })).location).to.equal("/dashboard");
    return browser;
  }

  it("sign up a user, and show the welcome message once", async () => {
    const browser = new Browser(origin);
    const form = { email: " Bob@Example.com ", password: "a long new password", next: "/dashboard?tab=1" };
    const answer = await browser.post("/signup", { form });
    expect([answer.status, answer.location]).to.deep.equal([303, "/dashboard?tab=1"]);
    expect((await browser.get("/dashboard")).text)
      .to.include("bob@example.com")
      .and.include("Your account is ready.");
    expect((await browser.get("/dashboard")).text).not.to.include("Your account is ready.");
  });

  it("show what is wrong with a sign-up, and keep the entered e-mail", async () => {
    const browser = new Browser(origin);
    const refused: Array<[email: string, password: string, problem: string]> = [
      ["bob@example.com", "14 characters!", "Use at least 15 characters."],
      ["bob@example.com", "a long one ".repeat(12), "Use at most 128 characters."],
      ['"><b>', "a long new password", "Enter an e-mail address."],
      ["ANN@example.com ", "a long new password", "An account with this e-mail already exists."],
      ["bob@example.com", "QwertyUiop 123 QwertyUiop 123 ", "Many people use this password"],
      ["a.long.name@example.com", "A.Long.Name@example.com", "Do not use your e-mail as the password."],
    ];
    for (const [email, password, problem] of refused) {
      const answer = await browser.post("/signup", { form: { email, password } });
      expect(answer.status).to.equal(422);
      expect(answer.text).to.include(problem).and.include('aria-invalid="true"').and.not.include(password);
      expect(answer.text).to.include(`value="${email.replace('"><b>', "&#34;&gt;&lt;b&gt;")}"`);
    }
    expect(await example.accounts.list()).to.have.length(2);
  });

  it("create one account when three people sign up with the same e-mail at the same time", async () => {
    const form = { email: "bob@example.com", password: "a long new password" };
    const answers = await Promise.all([1, 2, 3].map(() => new Browser(origin).post("/signup", { form })));
    expect(answers.map(({ status }) => status).sort()).to.deep.equal([303, 422, 422]);
  });

  it("redirect to the requested page after a login", async () => {
    const browser = new Browser(origin);
    const { location } = await browser.get("/dashboard?tab=1");
    expect(location).to.equal("/login?next=%2Fdashboard%3Ftab%3D1");
    const page = await browser.get(location!);
    expect(page.text).to.include("Please log in").and.include('name="next" value="/dashboard?tab=1"');
    const answer = await browser.post("/login", { form: { ...ANN, next: "/dashboard?tab=1" } });
    expect(answer.location).to.equal("/dashboard?tab=1");
    expect((await browser.get("/login")).location, "no second login").to.equal("/dashboard");
    for (const cookie of answer.cookies) expect(cookie).to.match(/HttpOnly.*SameSite=Lax/);
  });

  it("never redirect to another site after a login", async () => {
    for (const next of ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)"]) {
      const page = await new Browser(origin).get(`/login?next=${encodeURIComponent(next)}`);
      expect(page.text).to.include('name="next" value="/dashboard"').and.not.include("evil");
      await loggedIn({ ...ANN, next });
    }
  });

  it("show the same error for an unknown e-mail and a wrong password, and log both", async () => {
    const browser = new Browser(origin);
    const attempt = (email: string) => browser.post("/login", { form: { email, password: "wrong password" } });
    const [wrong, unknown] = [await attempt(ANN.email), await attempt("eve@example.com")];
    expect([wrong.status, unknown.status]).to.deep.equal([422, 422]);
    expect(wrong.text).to.include("The e-mail or the password is wrong.");
    expect(unknown.text.replace("eve@", "ann@")).to.equal(wrong.text);
    expect(example.failedLogins()).to.deep.equal([ANN.email, "eve@example.com"]);
  });

  it("restore a remembered login, but ask for the password before a password change", async () => {
    const browser = await loggedIn({ ...ANN, remember: "on" });
    await browser.restart();
    expect((await browser.get("/dashboard")).text).to.match(/You stay logged in.*for 30 days/);

    const { location } = await browser.get("/password");
    expect(location).to.equal("/confirm?next=%2Fpassword");
    expect((await browser.get(location!)).text).to.include("Please confirm your password");
    const wrong = await browser.post("/confirm", { form: { password: ADMIN.password, next: "/password" } });
    expect(wrong.status).to.equal(422);
    expect(wrong.text).to.include("That is not your password.").and.include('name="next" value="/password"');
    expect(example.failedLogins()).to.deep.equal([ANN.email]);
    const right = await browser.post("/confirm", { form: { password: ANN.password, next: "/password" } });
    expect(right.location).to.equal("/password");
    expect((await browser.get("/password")).status).to.equal(200);
  });

  it("do not remember a user who did not ask for it", async () => {
    const browser = await loggedIn();
    await browser.restart();
    expect((await browser.get("/dashboard")).location).to.equal("/login?next=%2Fdashboard");
  });

  it("ask for the password again ten minutes after the login", async () => {
    const browser = await loggedIn();
    sinon.clock.tick(10 * MINUTE);
    expect((await browser.get("/password")).status).to.equal(200);
    sinon.clock.tick(1);
    expect((await browser.get("/password")).location).to.equal("/confirm?next=%2Fpassword");
    const late = await browser.post("/password", { form: { password: "a long new password" } });
    expect([late.status, late.location]).to.deep.equal([303, "/confirm?next=%2Fpassword"]);
    expect(await example.accounts.authenticate(ANN.email, ANN.password), "the old password").not.to.equal(null);
  });

  it("show a form's input again once after the confirmation, but never a password", async () => {
    const browser = await loggedIn();
    sinon.clock.tick(10 * MINUTE + 1);
    const late = await browser.post("/email", { form: { email: "new@example.com", password: "typed by mistake" } });
    expect([late.status, late.location]).to.deep.equal([303, "/confirm?next=%2Femail"]);
    const confirmed = await browser.post("/confirm", { form: { password: ANN.password, next: "/email" } });
    expect(confirmed.location).to.equal("/email");
    expect((await browser.get("/profile")).text).not.to.include("new@example.com");
    expect((await browser.get("/email")).text)
      .to.include('value="new@example.com"')
      .and.include("What you typed is still here")
      .and.not.include("typed by mistake");
    expect((await browser.get("/email")).text).not.to.include("new@example.com");
    expect((await browser.post("/email", { form: { email: "new@example.com" } })).location).to.equal("/dashboard");
    expect((await loggedIn({ ...ANN, email: "new@example.com" })) && example.events.map(([name]) => name)).to.include(
      "e-mail changed",
    );
  });

  it("reject an e-mail that is invalid or belongs to another account", async () => {
    const browser = await loggedIn();
    for (const [email, problem] of [
      [ADMIN.email.toUpperCase(), "An account with this e-mail already exists."],
      ["no address", "Enter an e-mail address."],
    ] as const) {
      const answer = await browser.post("/email", { form: { email } });
      expect([answer.status, answer.text.includes(problem)]).to.deep.equal([422, true]);
    }
    await loggedIn();
  });

  it("rename a login of the user, but not one of another user, and reject a name that is too long", async () => {
    const [ann, admin] = [await loggedIn(), await loggedIn(ADMIN)];
    const idOf = async (user: string) => (await example.login.sessions.list(user))[0]!.id;
    const rename = async (id: string, label: string) => {
      const { status, text } = await ann.post(`/logins/${id}/name`, { form: { label } });
      return status === 422 ? text : (await ann.get("/logins")).text;
    };
    const own = await idOf("1");
    expect(await rename(own, " <b>phone</b> "))
      .to.include("<strong>&lt;b&gt;phone&lt;/b&gt;</strong>")
      .and.include("The name is saved.");
    expect(await rename(own, "x".repeat(101)))
      .to.include("Use a name of at most 100 characters")
      .and.include("phone");
    expect(await rename(own, "")).not.to.include("phone");
    expect(await rename(await idOf("2"), "mine")).to.include("That device is logged out.");
    expect((await admin.get("/logins")).text).not.to.include("mine");
  });

  it("send a message about a login in a new browser only, and none about a sign-up", async () => {
    const browser = await loggedIn();
    await browser.post("/logout");
    await browser.post("/login", { form: ANN });
    const form = { email: "bob@example.com", password: "a long new password" };
    await new Browser(origin).post("/signup", { form });
    expect(example.mails.map(({ to, subject }) => [to, subject])).to.deep.equal([
      [ANN.email, "New login to your account"],
    ]);
    expect(example.mails[0]!.text).to.match(/When: .* UTC\n.*\nAddress: +127\.0\.0\.1\n/);
    await new Browser(origin).post("/login", { form });
    expect(example.mails.at(-1)!.to, "Bob's second browser").to.equal("bob@example.com");
  });

  it("send a message about a new password, and one about a new e-mail to the old address", async () => {
    const browser = await loggedIn();
    await browser.post("/email", { form: { email: "new@example.com" } });
    await browser.post("/password", { form: { password: "a long new password" } });
    expect(example.mails.slice(1).map(({ to, subject }) => [to, subject])).to.deep.equal([
      [ANN.email, "The e-mail of your account was changed"],
      ["new@example.com", "The password of your account was changed"],
    ]);
  });

  it("do not end another user's login, even if its id is known", async () => {
    const [ann, admin] = [await loggedIn(), await loggedIn(ADMIN)];
    const [{ id } = { id: "" }] = await example.login.sessions.list("2");
    await ann.post(`/logins/${id}/end`);
    expect((await ann.get("/logins")).text).to.include("That device was already logged out.");
    expect((await admin.get("/dashboard")).status).to.equal(200);
  });

  it("log out all other browsers when the password changes", async () => {
    const remembered = { ...ANN, remember: "on" };
    const [here, there, remembering] = [await loggedIn(remembered), await loggedIn(), await loggedIn(remembered)];
    await remembering.restart();
    const short = await here.post("/password", { form: { password: "short" } });
    expect(short.text).to.include("Use at least 15 characters.");

    const changed = await here.post("/password", { form: { password: "a long new password" } });
    expect(changed.location).to.equal("/dashboard");
    expect((await here.get("/dashboard")).text).to.include("Your password is changed.");
    await here.restart();
    expect((await here.get("/dashboard")).status, "this browser stays remembered").to.equal(200);
    expect((await there.get("/dashboard")).status).to.equal(302);
    expect((await remembering.get("/dashboard")).status).to.equal(302);
    expect((await new Browser(origin).post("/login", { form: ANN })).status).to.equal(422);
    await loggedIn({ ...ANN, password: "a long new password" });
  });

  it("show the admin page only to admins", async () => {
    expect((await new Browser(origin).get("/admin")).location).to.equal("/login?next=%2Fadmin");
    const refused = await (await loggedIn()).get("/admin");
    expect(refused.status).to.equal(403);
    expect(refused.text).to.include("You are not allowed to do this.").and.not.include(ADMIN.email);
    expect((await (await loggedIn(ADMIN)).get("/admin")).text).to.include(ANN.email);
  });

  it("refuse an account as soon as an admin switches it off", async () => {
    const [admin, browser] = [await loggedIn(ADMIN), await loggedIn()];
    await admin.post("/admin/users/1/off");
    expect((await browser.get("/dashboard")).location).to.equal("/login?next=%2Fdashboard");
    const answer = await browser.post("/login", { form: ANN });
    expect(answer.status).to.equal(422);
    expect(answer.text).to.include("This account is switched off.");

    await admin.post("/admin/users/1/on");
    await loggedIn();
    await admin.post("/admin/users/2/off");
    expect((await admin.get("/admin")).text).to.include("You cannot switch off your own account.");
  });

  it("log out only by POST", async () => {
    const browser = await loggedIn({ ...ANN, remember: "on" });
    expect((await browser.get("/logout")).status).to.equal(404);
    expect((await browser.get("/dashboard")).status).to.equal(200);
    expect((await browser.post("/logout")).location).to.equal("/");
    expect((await browser.get("/")).text).to.include("You are logged out.");
    expect((await browser.get("/dashboard")).status).to.equal(302);
  });

  it("show no details of an error", async () => {
    const browser = await loggedIn();
    await example.database.destroy();
    const answer = await browser.get("/dashboard");
    expect(answer.status).to.equal(500);
    expect(answer.text)
      .to.include("Something went wrong here.")
      .and.not.match(/database|DataSource|node_modules/);
    expect(example.errors.splice(0)).to.have.length(1);
  });

  it("guard every route except the listed public ones", () => {
    const open = guardTable(controllers).filter(({ guard }) => guard === "public");
    expect(open.map(({ method, path }) => `${method} ${path}`)).to.have.members([
      ...["GET /", "GET /signup", "POST /signup", "GET /login", "POST /login", "POST /logout"],
      ...["POST /api/signup", "POST /api/login", "POST /api/second-factor", "POST /api/logout"],
      ...["GET /second-factor", "POST /second-factor", "POST /second-factor/recovery"],
      ...["POST /second-factor/passkey/options", "POST /second-factor/passkey"],
      ...["POST /login/passkey/options", "POST /login/passkey"],
    ]);
  });
});
