import { expect } from "chai";
import type { Request } from "express";
import { people } from "../support/people.js";
import { hear, NOBODY, site } from "./support.js";

describe("parity: recognizing a user by the request", () => {
  const { load } = people();
  const byQuery = (req: Request) => load(String(req.query.user));
  const byHeader = (req: Request) => load(atob(req.get("authorization")?.replace("Basic ", "") ?? ""));

  it("recognizes a user by the query and emits the event", async () => {
    const { login, visitor } = await site({ requestLoader: byQuery });
    const loaded = hear(login, "loadedFromRequest");
    expect((await visitor.get("/who?user=2")).json()).to.include({ name: "Bob", authenticated: true });
    expect(loaded.map(({ user }) => user.name)).to.deep.equal(["Bob"]);
  });

  it("recognizes a user by the Authorization header and emits the event", async () => {
    const { login, visitor } = await site({ requestLoader: byHeader });
    const loaded = hear(login, "loadedFromRequest");
    expect(await visitor.who({ authorization: `Basic ${btoa("2")}` })).to.include({ name: "Bob" });
    expect(loaded.map(({ user }) => user.name)).to.deep.equal(["Bob"]);
  });

  it("finds no user if the request names an unknown user", async () => {
    const { visitor } = await site({ requestLoader: byQuery });
    expect((await visitor.get("/who?user=9000")).json()).to.deep.equal(NOBODY);
    const { visitor: other } = await site({ requestLoader: byHeader });
    expect(await other.who({ authorization: `Basic ${btoa("9000")}` })).to.deep.equal(NOBODY);
  });

  it("needs no user loader", async () => {
    const { visitor } = await site({ requestLoader: byQuery, userLoader: null });
    expect((await visitor.get("/guarded")).status).to.equal(401);
    expect((await visitor.get("/who?user=2")).json()).to.include({ name: "Bob", authenticated: true });
    expect((await visitor.get("/who?user=9000")).json()).to.deep.equal(NOBODY);
  });

  it("stores nothing in the session", async () => {
    const { visitor } = await site({ requestLoader: byQuery });
    const answer = await visitor.get("/who?user=2");
    expect(answer.json()).to.include({ name: "Bob" });
    expect(answer.cookies).to.deep.equal([]);
    expect(await visitor.who()).to.deep.equal(NOBODY);
  });

  it("is not called if the session has a login", async () => {
    const { login, visitor } = await site({ requestLoader: byQuery });
    const loaded = hear(login, "loadedFromRequest");
    await visitor.login("ann");
    for (const user of ["2", "9000"]) {
      expect((await visitor.get(`/who?user=${user}`)).json()).to.include({ name: "Ann" });
    }
    expect(loaded).to.deep.equal([]);
  });

  it("does not replace the user loader for a login", async () => {
    const { visitor } = await site({ requestLoader: byQuery, userLoader: null });
    const answer = await visitor.login("ann");
    expect(answer.status).to.equal(500);
    expect(answer.json()).to.include({ code: "loader_missing" });
    expect((await visitor.get("/who?user=2")).json()).to.include({ name: "Bob" });
  });
});
