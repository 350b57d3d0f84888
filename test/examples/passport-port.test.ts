import { expect } from "chai";
import sinon from "sinon";
import {
  ADMIN,
  ANN,
  addressBooks,
  BOB,
  beginImport,
  copyOf,
  loggedIn,
  logIn,
  whoIs,
} from "../support/address-books.js";
import { Browser } from "../support/browser.js";
import { runExample } from "../support/running-example.js";

const DAY = 86_400_000;

for (const [library, open] of Object.entries(addressBooks)) {
  describe(`the address book on ${library}`, () => {
    let origin: string;

    beforeEach(async () => {
      sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
      ({ origin } = await open());
    });
    afterEach(() => sinon.restore());

    it("redirects an anonymous visitor to the login page, and to the requested page after the login", async () => {
      const browser = new Browser(origin);
      expect((await browser.get("/")).text).to.include('href="/login"');
      expect((await browser.get("/contacts?page=2")).location).to.equal("/login");
      expect((await browser.get("/login")).text).to.include("<form");
      expect(await logIn(browser)).to.equal("/contacts?page=2");
      expect((await browser.get("/contacts?page=2")).text).to.include("ann@example.com has 0 contacts.");
      expect((await browser.get("/")).text).to.include("Hello, ann@example.com!");
    });

    it("shows the error for wrong credentials once, and still redirects to the requested page", async () => {
      const browser = new Browser(origin);
      await browser.get("/contacts?page=2");
      for (const form of [
        { ...ANN, password: "wrong" },
        { ...ANN, email: "eve@example.com" },
      ]) {
        expect(await logIn(browser, form)).to.equal("/login");
        expect((await browser.get("/login")).text).to.include("Wrong e-mail or password.");
        expect((await browser.get("/login")).text).not.to.include("Wrong");
        expect(await whoIs(browser)).to.equal(null);
      }
      expect((await browser.post("/login")).location, "without credentials").to.equal("/login");
      expect(await whoIs(browser)).to.equal(null);
      await browser.get("/contacts?page=3");
      expect(await logIn(browser)).to.equal("/contacts?page=3");
    });

    it("logs in under a new session id, so that the old id does not work", async () => {
      const browser = new Browser(origin);
      await browser.get("/contacts");
      const attacker = await copyOf(browser);
      await logIn(browser);
      expect(await whoIs(browser)).to.equal(ANN.email);
      expect(await whoIs(attacker)).to.equal(null);
    });

    it("forgets a closed browser, unless the user asked to be remembered for 30 days", async () => {
      const browser = await loggedIn(origin);
      await browser.restart();
      expect(await whoIs(browser)).to.equal(null);

      await logIn(browser, { ...ANN, remember: "on" });
      await browser.restart();
      expect(await whoIs(browser)).to.equal(ANN.email);
      sinon.clock.tick(30 * DAY - 1000);
      await browser.restart();
      expect(await whoIs(browser)).to.equal(ANN.email);
      sinon.clock.tick(1000);
      await browser.restart();
      expect(await whoIs(browser)).to.equal(null);
    });

    it("shows a message once, after a redirect", async () => {
      const browser = await loggedIn(origin);
      expect(await (await beginImport(browser)).finish()).to.equal("/contacts");
      expect((await browser.get("/contacts")).text)
        .to.include("Imported 2 contacts.")
        .and.include("has 2 contacts.");
      expect((await browser.get("/contacts")).text).not.to.include("Imported");
    });

    it("redirects an anonymous import to the login page", async () => {
      const answer = await new Browser(origin).post("/contacts/import", { headers: { "content-type": "text/csv" } });
      expect(answer.status).to.be.oneOf([302, 303]);
      expect(answer.location).to.equal("/login");
    });

    it("shows the admin page only to admins", async () => {
      expect((await new Browser(origin).get("/admin")).location).to.equal("/login");
      const refused = await (await loggedIn(origin)).get("/admin");
      expect(refused.status).to.equal(403);
      expect(refused.text).to.include("You are not allowed to do this.").and.not.include(BOB.email);
      expect((await (await loggedIn(origin, ADMIN)).get("/admin")).text).to.include(BOB.email);
    });

    it("logs out only by POST, which ends this login and copies of its cookies, but no other login", async () => {
      const [browser, other] = [await loggedIn(origin, { ...ANN, remember: "on" }), await loggedIn(origin)];
      const copy = await copyOf(browser);
      expect((await browser.get("/logout")).status).to.equal(404);
      expect(await whoIs(browser)).to.equal(ANN.email);

      expect((await browser.post("/logout")).location).to.equal("/");
      expect((await browser.get("/")).text)
        .to.include("You are logged out.")
        .and.include('href="/login"');
      expect(await whoIs(browser)).to.equal(null);
      expect(await whoIs(copy)).to.equal(null);
      expect(await whoIs(other)).to.equal(ANN.email);
    });

    it("changes a password", async () => {
      const browser = await loggedIn(origin);
      for (const form of [{ password: "14 characters!" }, {}]) {
        await browser.post("/password", { form });
        expect((await browser.get("/contacts")).text).to.include("Use at least 15 characters.");
      }
      expect((await browser.post("/password", { form: { password: "a new, longer one" } })).location).to.equal(
        "/contacts",
      );
      expect((await browser.get("/contacts")).text).to.include("Your password is changed.");
      expect(await logIn(new Browser(origin)), "the old password").to.equal("/login");
      expect(await logIn(new Browser(origin), { ...ANN, password: "a new, longer one" })).to.equal("/contacts");
    });

    it("keeps two users apart, and switches the user at a second login", async () => {
      const [ann, bob] = [await loggedIn(origin), await loggedIn(origin, BOB)];
      expect([await whoIs(ann), await whoIs(bob)]).to.deep.equal([ANN.email, BOB.email]);
      await logIn(ann, BOB);
      expect(await whoIs(ann)).to.equal(BOB.email);
    });
  });
}

for (const folder of ["passport-before", "passport-after"]) {
  describe(`the example ${folder}`, () => {
    it("runs as a program", async () => {
      const example = await runExample(`${folder}/main`);
      try {
        expect(await whoIs(await loggedIn(example.origin))).to.equal(ANN.email);
      } finally {
        await example.stop();
      }
    });
  });
}
