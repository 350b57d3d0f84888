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
  "an express-session of the application's own": (login, app) => {
    app.use(expressSession({ secret: SECRET, resave: false, saveUninitialized: false }), login.middleware());
  },
};

for (const [name, mount] of Object.entries(mounts)) {
  describe(`flash messages and logins over ${name}`, () => {
    const visit = (options: Parameters<typeof flashSite>[0] = {}) => flashSite(options, undefined, mount);
    afterEach(() => sinon.restore());

    it("do not ask users to log in who have just done so: from the guarded page over the login page to the first page", async () => {
      for (const nextIn of ["query", "cookie", undefined] as const) {
        const { browser } = await visit({ nextIn });
        const { location } = await browser.get("/guarded?page=2");
        expect(location).to.equal(nextIn === "cookie" ? "/login" : "/login?next=%2Fguarded%3Fpage%3D2");
        if (nextIn === undefined) expect(await browser.texts("other"), "a look at others").to.eql([]);
        const { search } = new URL(location!, browser.origin);
        expect((await browser.post(`/welcome/1${search}`)).location).to.equal("/guarded?page=2");
        expect((await browser.get("/guarded?page=2")).text).to.equal("guarded");
        expect(await browser.texts()).to.eql(["Before", "Welcome"]);
        expect(await browser.texts()).to.eql([]);
      }
    });

    it("show the guard's message on the login page, once", async () => {
      const { browser } = await visit();
      await browser.get("/guarded");
      expect(await browser.texts()).to.eql([LOG_IN]);
      expect(await browser.texts()).to.eql([]);
    });

    it("do not ask users to confirm a login who have just done so", async () => {
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

    it("keep a visitor's own messages across the login, for this login alone", async () => {
      const { browser } = await visit();
      await browser.flash("Added to cart");
      await browser.get("/guarded");
      await browser.post("/login/1");
      const kept = await browser.cookie("flash");
      expect(await browser.texts()).to.eql(["Added to cart"]);
      await browser.setCookie("flash", kept!);
      await browser.post("/logout");
      await browser.setCookie("flash", kept!);
      expect(await browser.texts(), "of nobody").to.eql([]);
      await browser.setCookie("flash", kept!);
      await browser.post("/login/2");
      await browser.setCookie("flash", kept!);
      expect(await browser.texts(), "of another").to.eql([]);
      expect(await browser.cookie("flash"), "is removed").to.equal(undefined);
    });

    it("keep a user's messages across another login of the same user, and a restore", async () => {
      const { browser } = await visit();
      await browser.post("/login/1", { json: { remember: true } });
      await browser.flash("Saved");
      await browser.post("/login/1");
      await browser.jar.store.removeCookie("127.0.0.1", "/", "sid");
      await browser.jar.store.removeCookie("127.0.0.1", "/", "connect.sid");
      expect((await browser.get("/me", { headers: { accept: "application/json" } })).status).to.equal(200);
      expect(await browser.texts()).to.eql(["Saved"]);
    });

    it("drop what was there before at a logout and at another user's login, and keep what came after", async () => {
      const { browser } = await visit({ nextIn: "cookie" });
      await browser.post("/login/1");
      await browser.flash("Saved");
      await browser.post("/bye");
      expect(await browser.texts()).to.eql(["You have been logged out."]);
      await browser.post("/login/1", { json: { fresh: false } });
      await browser.flash("Saved");
      await browser.get("/fresh");
      expect((await browser.post("/welcome/2")).location, "no page of the other user's").to.equal("/take");
      expect(await browser.texts()).to.eql(["Welcome"]);
    });

    it("are dropped with a login that has timed out", async () => {
      const { browser, byId, ann } = await visit();
      await browser.post("/login/1");
      await browser.flash("Saved");
      byId.delete(ann.id);
      await browser.get("/me");
      expect(await browser.texts()).to.eql([LOG_IN]);
    });

    it("never show a logged-in user the guard's answer to a visitor", async () => {
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
  it("are not lost when they are looked for before the user is", async () => {
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
