import { expect } from "chai";
import express from "express";
import { AnonymousUser } from "latchkey";
import { site } from "./support.js";

class Guest extends AnonymousUser {
  readonly name = "guest";
}

describe("parity: templates", () => {
  it("see the current user or the anonymous user", async () => {
    const { visitor } = await site({}, (app) => {
      app.set("views", "test/parity/views").set("view engine", "ejs");
      app.get("/greeting", (_req, res) => res.render("greeting"));
    });
    expect((await visitor.get("/greeting")).text.trim()).to.equal("Hello stranger");
    await visitor.login("ann");
    expect((await visitor.get("/greeting")).text.trim()).to.equal("Hello Ann");
  });

  it("see the current user in a mounted application too", async () => {
    const { visitor } = await site({}, (app) => {
      const mounted = express().set("views", "test/parity/views").set("view engine", "ejs");
      mounted.get("/greeting", (_req, res) => res.render("greeting"));
      app.use("/mounted", mounted);
    });
    expect((await visitor.get("/mounted/greeting")).text.trim()).to.equal("Hello stranger");
    await visitor.login("ann");
    expect((await visitor.get("/mounted/greeting")).text.trim()).to.equal("Hello Ann");
  });

  it("see the application's own anonymous user", async () => {
    const { visitor } = await site({ anonymousUser: Guest });
    expect(await visitor.who()).to.include({ name: "guest", authenticated: false });
  });
});
