import { expect } from "chai";
import express from "express";
import { flash, LoginManager, loginRequired, logoutUser, takeFlashes } from "latchkey";
import { apiClient, Browser } from "../support/browser.js";
import { people, SECRET } from "../support/people.js";
import { serve } from "../support/server.js";

async function flashApp(options: { loginView?: string } = {}) {
  const app = express();
  new LoginManager({ secret: SECRET, userLoader: people().load, ...options }).init(app);
  app.get("/flash", (req, res) => {
    const { message, category } = req.query as Record<string, string>;
    flash(req, message!, category);
    res.json(req.query.take === undefined ? null : takeFlashes(req));
  });
  app.get("/take", (req, res) => {
    const { category } = req.query as Record<string, string>;
    res.json(category === undefined ? takeFlashes(req) : takeFlashes(req, { category }));
  });
  app.get("/logout", async (req, res) => {
    await logoutUser(req);
    flash(req, "Goodbye");
    res.redirect("/take");
  });
  app.get("/guarded", loginRequired(), (_req, res) => void res.end());
  const origin = await serve(app);
  return { browser: new Browser(origin), origin };
}

describe("flash messages", () => {
  it("keep their order and can be taken once", async () => {
    const { browser } = await flashApp();
    await browser.get("/flash?message=One");
    await browser.get("/flash?message=Two&category=error");
    expect((await browser.get("/take")).json()).to.eql([
      { message: "One", category: "message" },
      { message: "Two", category: "error" },
    ]);
    expect((await browser.get("/take")).json()).to.eql([]);
  });

  it("can be taken in the same request", async () => {
    const { browser } = await flashApp();
    expect((await browser.get("/flash?message=Now&take=1")).json()).to.eql([{ message: "Now", category: "message" }]);
    expect((await browser.get("/take")).json()).to.eql([]);
  });

  it("can be taken by category; messages of other categories stay", async () => {
    const { browser } = await flashApp();
    for (const query of ["message=One&category=a", "message=Two&category=b", "message=Three&category=a"]) {
      await browser.get(`/flash?${query}`);
    }
    expect((await browser.get("/take?category=none")).json()).to.eql([]);
    expect(
      (await browser.get("/take?category=a")).json<Array<{ message: string }>>().map(({ message }) => message),
    ).to.eql([...["One", "Three"]]);
    expect((await browser.get("/take")).json()).to.eql([{ message: "Two", category: "b" }]);
  });

  it("keep any text unchanged", async () => {
    const { browser } = await flashApp();
    const message = "<b>\u00fc\u{1f511}</b>\n\"'\\";
    await browser.get(`/flash?message=${encodeURIComponent(message)}&category=__proto__`);
    expect((await browser.get("/take")).json()).to.eql([{ message, category: "__proto__" }]);
  });

  it("survive a logout in the same request", async () => {
    const { browser } = await flashApp();
    expect((await browser.get("/logout")).location).to.equal("/take");
    expect((await browser.get("/take")).json()).to.eql([{ message: "Goodbye", category: "message" }]);
  });

  it("set no cookie if there is nothing to take", async () => {
    const { browser } = await flashApp();
    expect((await browser.get("/take")).cookies).to.eql([]);
  });

  it("contain the login message once after several refused pages, and not for an API client", async () => {
    const { browser, origin } = await flashApp({ loginView: "/take" });
    for (let time = 0; time < 3; time++) expect((await browser.get("/guarded")).status).to.equal(302);
    expect((await browser.get("/take")).json()).to.eql([
      { message: "Please log in to access this page.", category: "message" },
    ]);
    const refused = await apiClient(origin).get("/guarded");
    expect(refused.status).to.equal(401);
    expect(refused.cookies).to.eql([]);
  });
});
