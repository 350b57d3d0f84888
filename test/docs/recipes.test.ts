import { once } from "node:events";
import { expect } from "chai";
import { WebSocket } from "ws";
import type { Browser } from "../support/browser.js";
import { endPrograms, startProgram } from "../support/page-program.js";
import { inTestAll } from "../support/tier.js";

const ann = { email: "ann@example.com", password: "correct horse" };
const bob = { email: "bob@example.com", password: "battery staple" };
const wrong = { ...ann, password: "wrong" };

const start = (recipe: string) => startProgram(`docs/recipes/${recipe}.md`);
const loggedIn = async (client: Browser, json = ann) => {
  await client.post("/login", { json });
  return client;
};

inTestAll("the recipes", () => {
  afterEach(endPrograms);

  it("login-form: returns to the page, confirms, and ends other logins at a password change", async () => {
    const program = await start("login-form");
    const browser = program.browser();
    const other = program.browser();
    await other.post("/login", { form: ann });
    expect((await browser.get("/account")).location).to.equal("/login?next=%2Faccount");
    expect((await browser.get("/login")).text).to.include("Please log in to access this page.");
    expect((await browser.post("/login", { form: wrong })).status).to.equal(422);
    expect((await browser.post("/login?next=https://evil.example", { form: ann })).location).to.equal("/account");
    expect((await browser.post("/confirm?next=/password", { form: { password: "wrong" } })).status).to.equal(422);
    expect((await browser.post("/confirm?next=/password", { form: ann })).location).to.equal("/password");
    for (const password of [
      "14 characters!",
      "Passwordpassword",
      "qwertyuiopasdfgh",
      "ann@example.com",
      "a b".repeat(50),
    ])
      expect((await browser.post("/password", { form: { password } })).status).to.equal(422);
    expect((await browser.post("/password", { form: { password: "a new, longer one" } })).location).to.equal(
      "/account",
    );
    expect((await browser.get("/account")).text).to.equal("Hello, ann@example.com!");
    expect((await other.get("/account")).status).to.equal(302);
  });

  it("json-api: sends problem documents, remembers the browser and confirms the login", async () => {
    const client = (await start("json-api")).client();
    const refused = await client.get("/api/me");
    expect(refused.text).to.equal(
      '{"type":"about:blank","title":"Unauthorized","status":401,"detail":"You need to log in.","code":"login_required"}',
    );
    await client.post("/api/login", { json: { ...ann, remember: true } });
    expect((await client.get("/api/me")).json()).to.eql({ email: ann.email });
    await client.restart();
    expect((await client.send("DELETE", "/api/account")).json()).to.include({ code: "fresh_login_required" });
    expect((await client.post("/api/confirm", { json: wrong })).status).to.equal(422);
    expect((await client.post("/api/confirm", { json: ann })).status).to.equal(204);
    expect((await client.send("DELETE", "/api/account")).status).to.equal(204);
    expect((await client.post("/api/logout")).status).to.equal(204);
    expect((await client.get("/api/me")).status).to.equal(401);
  });

  it("bearer-tokens: accepts a token, but never as a fresh login", async () => {
    const program = await start("bearer-tokens");
    const headers = { authorization: `Bearer ${program.printed[0]}` };
    const client = program.client();
    const answer = await client.get("/me", { headers });
    expect(answer.json()).to.eql({ email: ann.email });
    expect(answer.cookies).to.eql([]);
    expect((await client.send("DELETE", "/me", { headers })).status).to.equal(403);
    expect((await client.get("/me", { headers: { authorization: "Bearer x" } })).status).to.equal(401);
  });

  it("websockets: identifies the user, and closes the connection after a logout", async () => {
    const program = await start("websockets");
    const client = await loggedIn(program.client());
    const cookie = await client.jar.getCookieString(program.origin);
    const open = (origin: string) => {
      const socket = new WebSocket(program.origin.replace("http", "ws"), { headers: { cookie, origin } });
      return { socket, first: once(socket, "message").then(([data]) => String(data)) };
    };
    await open("https://evil.example").first.then(
      () => expect.fail("the connection was accepted"),
      (error: Error) => expect(error.message).to.include("403"),
    );
    const { socket, first } = open(program.origin);
    expect(await first).to.equal("Hello, ann@example.com!");
    socket.send("?");
    expect(String((await once(socket, "message"))[0])).to.equal("still here");
    await client.post("/logout");
    socket.send("?");
    expect((await once(socket, "close"))[0]).to.equal(4401);
  });

  it("nestjs: guards routes as on Express, and passes the user to the handler", async () => {
    const program = await startProgram("docs/nestjs.md");
    const client = program.client();
    const code = async (path: string) => (await client.get(path)).json<{ code: string }>().code;
    expect((await client.post("/login", { json: wrong })).status).to.equal(401);
    expect([await code("/account"), await code("/account/audit")]).to.eql(["login_required", "login_required"]);
    expect((await client.post("/account/password")).status).to.equal(401);
    expect((await client.post("/login", { json: ann })).status).to.equal(204);
    expect((await client.get("/account")).json()).to.eql({ email: "ann@example.com" });
    expect((await client.post("/account/password")).text).to.equal("yours to do");
    const { status, text } = await client.get("/account/audit");
    expect([status, text]).to.eql([200, "[]"]);
    const other = await loggedIn(program.client(), bob);
    expect((await other.get("/account/audit")).json()).to.include({ status: 403, code: "role_required" });
    expect((await client.post("/logout")).status).to.equal(204);
    expect(await code("/account")).to.equal("login_required");
    expect((await client.get("/account/help")).text).to.equal("Help!");
  });

  it("passport: uses Passport for the credentials, and latchkey for the login", async () => {
    const browser = (await start("passport")).browser();
    expect((await browser.post("/login", { form: wrong })).status).to.equal(401);
    expect((await browser.post("/login?next=/", { form: { ...ann, remember: "on" } })).location).to.equal("/");
    await browser.restart();
    expect((await browser.get("/")).text).to.equal("Hello, ann@example.com!");
    await browser.post("/logout");
    expect((await browser.get("/")).location).to.equal("/login?next=%2F");
  });

  it("csrf: refuses forms of other sites, except of a trusted one", async () => {
    const browser = (await start("csrf")).browser();
    const forged = { headers: { origin: "https://evil.example", "sec-fetch-site": "cross-site" } };
    const own = { headers: { origin: browser.origin, "sec-fetch-site": "same-origin" } };
    expect((await browser.post("/login", { ...forged, form: ann })).status).to.equal(403);
    expect((await browser.post("/login", { ...own, form: ann })).location).to.equal("/");
    for (const path of ["/note", "/paid", "/logout"]) expect((await browser.post(path, forged)).status).to.equal(403);
    expect((await browser.post("/note", own)).text).to.equal("noted");
    const provider = { headers: { origin: "https://pay.example", "sec-fetch-site": "cross-site" } };
    expect((await browser.post("/paid", provider)).text).to.equal("Thank you.");
  });

  it("rate-limiting: rejects the sixth guess for one account, and still accepts another account", async () => {
    const client = (await start("rate-limiting")).client();
    const statuses: number[] = [];
    for (let n = 0; n < 6; n++) statuses.push((await client.post("/login", { json: wrong })).status);
    expect(statuses).to.eql([401, 401, 401, 401, 401, 429]);
    expect((await client.post("/login", { json: ann })).status).to.equal(429);
    expect((await client.post("/login", { json: bob })).status).to.equal(200);
  });

  it("roles: serves a route only to users who have the role", async () => {
    const program = await start("roles");
    const nobody = program.client();
    expect((await nobody.get("/audit")).status).to.equal(401);
    const admin = await loggedIn(program.client());
    const staff = await loggedIn(program.client(), bob);
    const statuses = (client: Browser) =>
      Promise.all(["/audit", "/vault", "/invoices/1"].map(async (path) => (await client.get(path)).status));
    expect(await statuses(admin)).to.eql([200, 200, 200]);
    expect(await statuses(staff)).to.eql([403, 403, 403]);
    expect((await staff.get("/invoices/2")).status).to.equal(200);
  });

  it("deny-by-default: serves only the public routes to strangers", async () => {
    const program = await start("deny-by-default");
    const [nobody, page] = [program.client(), program.browser()];
    expect((await nobody.get("/")).text).to.equal("Welcome.");
    expect((await page.get("/login")).status).to.equal(200);
    const guarded = ["/orders", "/admin/users", "/admin", "/no/such/path", "/orders/", "/ORDERS"];
    for (const path of guarded) expect((await nobody.get(path)).json(), path).to.include({ code: "login_required" });
    expect((await nobody.send("DELETE", "/login")).status).to.equal(401);
    expect((await page.get("/orders")).location).to.equal("/login?next=%2Forders");
    expect((await page.post("/login?next=/orders", { form: bob })).location).to.equal("/orders");
    expect((await page.get("/orders")).text).to.equal("your orders");
    expect((await page.get("/admin/users")).status).to.equal(403);
    expect((await page.get("/no/such/path")).status).to.equal(404);
    await page.post("/login", { form: ann });
    expect((await page.get("/admin/users")).text).to.equal("all users");
  });

  it("several-login-pages: redirects to the login page of the requested part of the site", async () => {
    const browser = (await start("several-login-pages")).browser();
    const to = async (path: string) => (await browser.get(path)).location;
    expect(await to("/account")).to.equal("/login?next=%2Faccount");
    expect(await to("/administer")).to.equal("/login?next=%2Fadminister");
    expect(await to("/admin/users")).to.equal("/admin/login?next=%2Fadmin%2Fusers");
    expect(await to("/partners/orders")).to.equal("https://partners.example.com/login");
  });

  it("remember-by-default: remembers the browser, except on a shared computer", async () => {
    const program = await start("remember-by-default");
    const statuses = async (form: Record<string, string>) => {
      const browser = program.browser();
      await browser.post("/login", { form });
      await browser.restart();
      return [(await browser.get("/")).status, (await browser.get("/orders/new")).status];
    };
    expect(await statuses(ann)).to.eql([200, 403]);
    expect(await statuses({ ...ann, shared: "on" })).to.eql([401, 401]);
  });

  it("impersonation: lets an admin act as a user, except for what only the user may do", async () => {
    const program = await start("impersonation");
    const user = await loggedIn(program.client(), bob);
    expect((await user.post("/support/as/1")).status).to.equal(403);
    const admin = await loggedIn(program.client());
    expect((await admin.post("/support/as/9")).status).to.equal(404);
    expect((await admin.post("/support/as/1")).status).to.equal(404);
    expect((await admin.post("/support/as/2")).status).to.equal(204);
    expect((await admin.get("/orders")).json()).to.eql({ of: bob.email, seenBy: ann.email });
    for (const path of ["/orders", "/password"]) expect((await admin.post(path)).status, path).to.equal(403);
    expect((await user.post("/orders")).status).to.equal(201);
    await admin.send("DELETE", "/support/as");
    expect((await admin.get("/orders")).json()).to.eql({ of: ann.email });
    expect((await admin.post("/orders")).status).to.equal(201);
    expect(program.printed).to.include.members([
      "ann@example.com acts as bob@example.com",
      "1 no longer acts as 2: stopped",
    ]);
  });

  it("new-sign-in-mail: writes to the user about a login in a new browser, but not about one in a known browser", async () => {
    const program = await start("new-sign-in-mail");
    const [first, second] = [program.client(), program.client()];
    for (const client of [first, first, second]) await loggedIn(client);
    await loggedIn(first, bob);
    while (program.printed.length < 3) await new Promise(setImmediate);
    const to = program.printed.map((line) => line.split(" ")[0]);
    expect(to).to.deep.equal([ann.email, ann.email, bob.email]);
    expect(program.printed[0]).to.match(/New login to your account Somebody logged in from .*127\.0\.0\.1 with /);
  });
});
