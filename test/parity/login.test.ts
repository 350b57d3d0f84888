import { expect } from "chai";
import express, { type Express } from "express";
import { NOBODY, site } from "./support.js";

describe("parity: logging in and out", () => {
  it("finds no user before a login", async () => {
    const { visitor } = await site();
    expect(await visitor.who()).to.deep.equal(NOBODY);
  });

  it("makes a fresh login, in the same request and later ones", async () => {
    const { visitor } = await site();
    const ann = { name: "Ann", authenticated: true, fresh: true, remembered: false };
    expect((await visitor.login("ann")).json()).to.deep.equal({ loggedIn: true, ...ann });
    expect(await visitor.who()).to.deep.equal(ann);
  });

  it("makes a login that is not fresh", async () => {
    const { visitor } = await site();
    const answer = await visitor.login("ann", { fresh: false });
    expect(answer.json()).to.include({ loggedIn: true, name: "Ann", fresh: false });
    expect(await visitor.who()).to.include({ name: "Ann", fresh: false });
  });

  it("rejects an inactive user", async () => {
    const { visitor } = await site();
    expect((await visitor.login("cid")).json()).to.deep.equal({ loggedIn: false, ...NOBODY });
    expect(await visitor.who()).to.deep.equal(NOBODY);
  });

  it("logs an inactive user in with force, but guards still reject the user", async () => {
    const { visitor } = await site();
    const answer = await visitor.login("cid", { force: true });
    expect(answer.json()).to.include({ loggedIn: true, name: "Cid", authenticated: false });
    expect(await visitor.who()).to.include({ name: "Cid", authenticated: false });
    expect((await visitor.get("/guarded")).status).to.equal(401);
  });

  it("ends a login whose user no longer exists", async () => {
    const { visitor, byId } = await site();
    await visitor.login("ann");
    byId.delete("1");
    expect(await visitor.who()).to.deep.equal(NOBODY);
  });

  it("keeps the session data at a login, but not the data of another user", async () => {
    const { visitor } = await site({}, notes);
    await visitor.post("/note", { form: { note: "tea" } });
    const visiting = await visitor.cookie("sid");
    await visitor.login("ann");
    expect((await visitor.get("/note")).text).to.equal("tea");
    expect(await visitor.cookie("sid")).to.not.equal(visiting);

    await visitor.login("bob");
    expect((await visitor.get("/note")).text).to.equal("none");
  });

  it("keeps the lifetime of the session cookie at a login and its confirmation", async () => {
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

  it("ends the session with all its data at a logout", async () => {
    const { visitor } = await site({}, notes);
    await visitor.login("ann");
    await visitor.post("/note", { form: { note: "tea" } });
    await visitor.logout();
    expect((await visitor.get("/note")).text).to.equal("none");
  });

  it("logs the current user out, in the same request and later ones", async () => {
    const { visitor } = await site();
    await visitor.login("ann");
    expect((await visitor.logout()).json()).to.deep.equal(NOBODY);
    expect(await visitor.who()).to.deep.equal(NOBODY);
  });
});

/** Adds routes that write and read a note in the session. */
function notes(app: Express): void {
  const kept = (session: object) => session as { note?: string };
  app.post("/note", express.urlencoded(), (req, res) => {
    kept(req.session).note = req.body.note;
    res.end();
  });
  app.get("/note", (req, res) => void res.send(kept(req.session).note ?? "none"));
}
