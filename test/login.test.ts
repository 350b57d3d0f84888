import { expect } from "chai";
import express from "express";
import { currentUser, LoginManager, loginRequired, loginUser, logoutUser } from "latchkey";
import { Browser } from "./support/browser.js";
import { people, SECRET } from "./support/people.js";
import { serve } from "./support/server.js";

describe("loginUser and logoutUser", () => {
  it("log a user in and out", async () => {
    const { ann, load } = people();
    const app = express();
    const login = new LoginManager({ secret: SECRET, userLoader: load });
    login.init(app);
    app.post("/login", async (req, res) => void res.json(await loginUser(req, ann)));
    app.post("/logout", async (req, res) => void res.json(await logoutUser(req)));
    app.get("/me", loginRequired(), async (_req, res) => void res.json(await currentUser()));
    const browser = new Browser(await serve(app));

    expect((await browser.get("/me")).status).to.equal(401);
    expect((await browser.post("/login")).text).to.equal("true");
    expect((await browser.get("/me")).json()).to.include({ name: "Ann" });
    await browser.post("/logout");
    expect((await browser.get("/me")).status).to.equal(401);
  });
});
