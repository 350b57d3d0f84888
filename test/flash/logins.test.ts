import { expect } from "chai";
import expressSession from "express-session";
import { currentUser, takeFlashes } from "latchkey";
import sinon from "sinon";
import { CONFIRM, flashSite, LOG_IN, Reader } from "../support/flash-site.js";
import { SECRET } from "../support/people.js";
import type { site } from "../support/site.js";
import { WatchedStore } from "../support/watched-store.js";

const mounts: Record<string, Parameters<typeof site>[1]> = {
  "latchkey's session": (login, app) => login.init(app),
  "the application's own express-session": (login, app) => {
    app.use(expressSession({ secret: SECRET, resave: false, saveUninitialized: false }), login.middleware());
  },
};

for (const [name, mount] of Object.entries(mounts)) {
  describe(`flash messages and logins with ${name}`, () => {
    const visit = (options: Parameters<typeof flashSite>[0] = {}) => flashSite(options, undefined, mount);
    afterEach(() => sinon.restore());

    it("omit the guard's login message after the user logs in", async () => {
      for (const nextIn of ["query", "cookie", undefined] as const) {
        const { browser } = await visit({ nextIn });
        const { location } = await browser.get("/guarded?page=2");
        expect(location).to.equal(nextIn === "cookie" ? "/login" : "/login?next=%2Fguarded%3Fpage%3D2");
        if (nextIn === undefined) expect(await browser.texts("other"), "messages of another category").to.eql([]);
        const { search } = new URL(location!, browser.origin);
        expect((await browser.post(`/welcome/1${search}`)).location).to.equal("/guarded?page=2");
        expect((await browser.get("/guarded?page=2")).text).to.equal("guarded");
        expect(await browser.texts()).to.eql(["Before", "Welcome"]);
        expect(await browser.texts()).to.eql([]);
      }
    });

    it("show the guard's login message once on the login page", async () => {
      const { browser } = await visit();
      await browser.get("/guarded");
      expect(await browser.texts()).to.eql([LOG_IN]);
      expect(await browser.texts()).to.eql([]);
    });

    it("omit the guard's confirmation message after the user confirms the login", async () => {
      const { browser } = await visit();
      await browser.post("/login/1", { json: { fresh: false } });
      await browser.flash("Saved");
      expect((await browser.get("/fresh")).location).to.equal("/confirm?next=%2Ffresh");
      await browser.post("/confirm");
      expect(await browser.texts()).to.eql(["Saved"]);
      await browser.post("/login/1", { json: { fresh: false } });
      await browser.get("/fresh");
      expect(await browser.texts()).to.eql([CONFIRM]);
    });

    it("keep a visitor's messages when the visitor logs in, and show them only in this login", async () => {
      const { browser } = await visit();
      await browser.flash("Added to cart");
      await browser.get("/guarded");
      await browser.post("/login/1");
      const kept = await browser.cookie("flash");
      expect(await browser.texts()).to.eql(["Added to cart"]);
      await browser.setCookie("flash", kept!);
      await browser.post("/logout");
      await browser.setCookie("flash", kept!);
      expect(await browser.texts(), "without a login").to.eql([]);
      await browser.setCookie("flash", kept!);
      await browser.post("/login/2");
      await browser.setCookie("flash", kept!);
      expect(await browser.texts(), "to another user").to.eql([]);
      expect(await browser.cookie("flash"), "the cookie is removed").to.equal(undefined);
    });

    it("keep a user's messages when the same user logs in again or the login is restored", async () => {
      const { browser } = await visit();
      await browser.post("/login/1", { json: { remember: true } });
      await browser.flash("Saved");
      await browser.post("/login/1");
      await browser.jar.store.removeCookie("127.0.0.1", "/", "sid");
      await browser.jar.store.removeCookie("127.0.0.1", "/", "connect.sid");
      expect((await browser.get("/me", { headers: { accept: "application/json" } })).status).to.equal(200);
      expect(await browser.texts()).to.eql(["Saved"]);
    });

    it("drop earlier messages at a logout or another user's login, and keep later messages", async () => {
      const { browser } = await visit({ nextIn: "cookie" });
      await browser.post("/login/1");
      await browser.flash("Saved");
      await browser.post("/bye");
      expect(await browser.texts()).to.eql(["You have been logged out."]);
      await browser.post("/login/1", { json: { fresh: false } });
      await browser.flash("Saved");
      await browser.get("/fresh");
      expect((await browser.post("/welcome/2")).location, "not the page that the other user requested").to.equal(
        "/take",
      );
      expect(await browser.texts()).to.eql(["Welcome"]);
    });

    it("are dropped when the login ends because the user was deleted", async () => {
      const { browser, byId, ann } = await visit();
      await browser.post("/login/1");
      await browser.flash("Saved");
      byId.delete(ann.id);
      await browser.get("/me");
      expect(await browser.texts()).to.eql([LOG_IN]);
    });

    it("never show the guard's message for a visitor to a logged-in user", async () => {
      const { browser, origin } = await visit();
      await browser.post("/login/1");
      const visitor = new Reader(origin);
      await visitor.flash("Thank you for your payment");
      await visitor.get("/guarded");
      await browser.setCookie("flash", (await visitor.cookie("flash"))!);
      expect(await browser.texts()).to.eql(["Thank you for your payment"]);
      await visitor.texts();
      await visitor.get("/guarded");
      await browser.setCookie("flash", (await visitor.cookie("flash"))!);
      expect(await browser.texts()).to.eql([]);
      expect(await browser.cookie("flash")).to.equal(undefined);
    });
  });
}

describe("flash messages and remembered logins", () => {
  it("are not lost if they are read before the user is loaded", async () => {
    const store = new WatchedStore();
    const { browser } = await flashSite({ store }, (app) => {
      app.get("/early", async (req, res) => {
        const early = takeFlashes(req).length;
        await currentUser(req);
        res.json([early, takeFlashes(req).length]);
      });
    });
    await browser.post("/login/1", { json: { remember: true } });
    await browser.flash("Saved");
    await browser.jar.store.removeCookie("127.0.0.1", "/", "sid");
    expect((await browser.get("/early")).json()).to.eql([0, 1]);
  });
});
