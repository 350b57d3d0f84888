import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect } from "chai";
import type { Browser } from "../support/browser.js";
import { endPrograms, startProgram } from "../support/page-program.js";
import { programOf } from "../support/snippets-compiled.js";
import { inTestAll } from "../support/tier.js";

const right = { email: "ann@example.com", password: "correct horse" };
const wrong = { email: "ann@example.com", password: "wrong" };

inTestAll("a program in the documentation", () => {
  afterEach(endPrograms);

  for (const page of ["README.md", "docs/getting-started.md"]) {
    it(`logs a user in, remembers the browser and logs the user out: ${page}`, async () => {
      const browser = (await startProgram(page)).browser();
      expect((await browser.get("/")).location).to.equal("/login?next=%2F");
      expect((await browser.get("/login")).text).to.include("<form");
      expect((await browser.post("/login", { form: wrong })).status).to.equal(401);
      const answer = await browser.post("/login?next=%2F%3Fx%3D1", { form: { ...right, remember: "on" } });
      expect(answer.location).to.equal("/?x=1");
      expect((await browser.get("/")).text).to.include("Hello, ann@example.com!");
      await browser.restart();
      expect((await browser.get("/")).text).to.include("Hello, ann@example.com!");
      expect((await browser.post("/logout")).location).to.equal("/login");
      expect((await browser.get("/")).status).to.equal(302);
    });
  }

  it("logs a user in and out: docs/index.md", async () => {
    const client = (await startProgram("docs/index.md")).client();
    expect((await client.get("/")).status).to.equal(401);
    await client.post("/login");
    expect((await client.get("/")).json()).to.eql({ id: "1", name: "Ann" });
    await client.post("/logout");
    expect((await client.get("/")).status).to.equal(401);
  });

  it("guards controllers: docs/getting-started.md", async () => {
    const client = (await startProgram("docs/getting-started.md", "controllers.ts")).client();
    expect((await client.get("/account")).json()).to.include({ code: "login_required" });
    expect((await client.post("/account/login", { json: wrong })).status).to.equal(401);
    expect((await client.post("/account/login", { json: right })).status).to.equal(200);
    expect((await client.get("/account")).json()).to.eql({ email: "ann@example.com" });
    expect((await client.post("/account/password")).json()).to.eql({ changed: true });
    expect((await client.get("/account/audit")).status).to.equal(200);
  });

  describe("docs/migrating-from-passport.md", () => {
    const from = async (file: string, logIn: (browser: Browser, location: string) => string) => {
      const browser = (await startProgram("docs/migrating-from-passport.md", file)).browser();
      const { location } = await browser.get("/account");
      const back = (await browser.post(logIn(browser, location!), { form: right })).location;
      const inside = (await browser.get("/account")).text;
      await browser.post("/logout");
      return [location, back, inside, (await browser.get("/account")).status];
    };

    it("does not return to the requested page with Passport", async () => {
      const steps = await from("before.ts", () => "/login");
      expect(steps).to.eql(["/login", "/", "ann@example.com", 302]);
    });

    it("returns to the requested page with latchkey", async () => {
      const steps = await from("app.ts", (_, location) => location);
      expect(steps).to.eql(["/login?next=%2Faccount", "/account", "ann@example.com", 302]);
    });
  });

  it("logs a user in and out like the Flask program: docs/migrating-from-flask-login.md", async () => {
    const browser = (await startProgram("docs/migrating-from-flask-login.md")).browser();
    expect((await browser.post("/login", { form: wrong })).status).to.equal(401);
    expect((await browser.post("/login", { form: { ...right, remember: "" } })).location).to.equal("/");
    await browser.restart();
    expect((await browser.get("/")).text).to.equal("Hello, ann@example.com!");
    expect((await browser.post("/logout")).location).to.equal("/login");
    expect((await browser.get("/")).location).to.equal("/login?next=%2F");
  });

  it("has a store that passes the conformance tests: docs/writing-a-store.md", async () => {
    const program = await programOf("docs/writing-a-store.md", "conformance.ts");
    const { stdout } = await promisify(execFile)(process.execPath, [program]);
    expect(Number(/^(?:#|ℹ) pass (\d+)$/m.exec(stdout)?.[1])).to.be.above(50);
  });
});
