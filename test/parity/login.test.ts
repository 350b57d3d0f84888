import { expect } from "chai";
import express, { type Express } from "express";
import { NOBODY, site } from "./support.js";

describe("parity: logging in and out", () => {
  it("finds nobody logged in at first", async () => {
    const { visitor } = await site();
    expect(await visitor.who()).to.deep.equal(NOBODY);
  });

  it("logs a user in, freshly, within the request and after it", async () => {
    const { visitor } = await site();
    const ann = { name: "Ann", authenticated: true, fresh: true, remembered: false };
    expect((await visitor.login("ann")).json()).to.deep.equal({ loggedIn: true, ...ann });
    expect(await visitor.who()).to.deep.equal(ann);
  });

  it("logs a user in without counting the login as fresh", async () => {
    const { visitor } = await site();
    const answer = await visitor.login("ann", { fresh: false });
    expect(answer.json()).to.include({ loggedIn: true, name: "Ann", fresh: false });
    expect(await visitor.who()).to.include({ name: "Ann", fresh: false });
  });

  it("refuses a user who is not active", async () => {
    const { visitor } = await site();
    expect((await visitor.login("cid")).json()).to.deep.equal({ loggedIn: false, ...NOBODY });
    expect(await visitor.who()).to.deep.equal(NOBODY);
  });

  it("takes a user who is not active by force, and still guards against them", async () => {
    const { visitor } = await site();
    const answer = await visitor.login("cid", { force: true });
    expect(answer.json()).to.include({ loggedIn: true, name: "Cid", authenticated: false });
    expect(await visitor.who()).to.include({ name: "Cid", authenticated: false });
    expect((await visitor.get("/guarded")).status).to.equal(401);
  });

  it("ends a login whose user is gone", async () => {
    const { visitor, byId } = await site();
    await visitor.login("ann");
    byId.delete("1");
    expect(await visitor.who()).to.deep.equal(NOBODY);
  });

  it("carries what was in the session into a login, but nothing of another user", async () => {
    const { visitor } = await site({}, notes);
    await visitor.post("/note", { form: { note: "tea" } });
    const visiting = await visitor.cookie("sid");
    await visitor.login("ann");
    expect((await visitor.get("/note")).text).to.equal("tea");
    expect(await visitor.cookie("sid")).to.not.equal(visiting);

    await visitor.login("bob");
    expect((await visitor.get("/note")).text).to.equal("none");
  });

  it("carries how long the session's cookie lasts into a login and its confirmation", async () => {
    const { visitor } = await site({}, (app) => {
      app.post("/login/ann", (req, _res, next) => {
        req.session.cookie.maxAge = 24 * 60 * 60 * 1000;
        next();
      });
    });
    await visitor.login("ann");
    await visitor.restart();
    expect(await visitor.who()).to.include({ name: "Ann", fresh: true, remembered: false });
    await visitor.confirm();
    await visitor.restart();
    expect(await visitor.who()).to.include({ name: "Ann" });

    await visitor.login("bob");
    await visitor.restart();
    expect(await visitor.who()).to.deep.equal(NOBODY);
  });

  it("ends the session with all that was in it at a logout", async () => {
    const { visitor } = await site({}, notes);
    await visitor.login("ann");
    await visitor.post("/note", { form: { note: "tea" } });
    await visitor.logout();
    expect((await visitor.get("/note")).text).to.equal("none");
  });

  it("logs the current user out, within the request and after it", async () => {
    const { visitor } = await site();
    await visitor.login("ann");
    expect((await visitor.logout()).json()).to.deep.equal(NOBODY);
    expect(await visitor.who()).to.deep.equal(NOBODY);
  });
});

/** The application keeps a note in the session. */
function notes(app: Express): void {
  const kept = (session: object) => session as { note?: string };
  app.post("/note", express.urlencoded(), (req, res) => {
    kept(req.session).note = req.body.note;
    res.end();
  });
  app.get("/note", (req, res) => void res.send(kept(req.session).note ?? "none"));
}
