import { expect } from "chai";
import express from "express";
import { AnonymousUser, currentUser, MemoryStore } from "latchkey";
import sinon from "sinon";
import { hear, site } from "./support.js";

describe("parity: loading the user only when needed", () => {
  it("finds no user in the handler after a missing static file", async () => {
    const { visitor } = await site({}, (app) => {
      app.use("/static", express.static("test/parity"), async (req, res) => {
        res.status(404).json((await currentUser(req)) instanceof AnonymousUser);
      });
    });
    const answer = await visitor.get("/static/missing.ico");
    expect(answer.status).to.equal(404);
    expect(answer.json()).to.equal(true);
  });

  it("loads no user for a static file", async () => {
    const { login, visitor } = await site({}, (app) => app.use("/static", express.static("test/parity")));
    const accessed = hear(login, "userAccessed");
    await visitor.login("ann");
    accessed.length = 0;

    const file = await visitor.get("/static/README.md");
    expect(file.status).to.equal(200);
    expect(file.headers.get("vary")).to.equal(null);
    expect(accessed).to.have.length(0);
  });

  it("loads a user only for a page that uses the user", async () => {
    const { login, visitor } = await site();
    await visitor.login("ann");
    const accessed = hear(login, "userAccessed");

    await visitor.get("/");
    expect(accessed).to.have.length(0);
    expect(await visitor.who()).to.include({ name: "Ann" });
    expect(accessed).to.have.length(1);
  });

  it("does not write a session that a request does not change", async () => {
    const store = sinon.spy(new MemoryStore());
    const { visitor } = await site({ store }, (app) => {
      app.get("/look", (req, res) => void res.json(Object.keys(req.session)));
    });

    const answer = await visitor.get("/look");
    expect(answer.json()).to.deep.equal(["cookie"]);
    expect(answer.cookies).to.deep.equal([]);
    expect(store.create.callCount + store.update.callCount + store.touch.callCount).to.equal(0);
  });
});
