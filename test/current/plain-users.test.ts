import { expect } from "chai";
import express from "express";
import { AnonymousUser, currentUser, LoginManager, loginUser } from "latchkey";
import { apiClient } from "../support/browser.js";
import { passes, userApp } from "../support/one-user.js";
import { Person, SECRET } from "../support/people.js";
import { serve } from "../support/server.js";
import { withinRequest } from "../support/within-request.js";

describe("users without the mixin", () => {
  it("can be rows with an id", async () => {
    for (const [id, kept] of [
      [1, "1"],
      [12n, "12"],
      ["a-b", "a-b"],
    ]) {
      const { client, ids } = await userApp({ id });
      await client.post("/login");
      expect((await client.get("/me")).text).to.equal("true");
      expect(ids, "once at the login, because the row has no isActive, and once at the page").to.eql([kept, kept]);
    }
  });

  it("can have isActive and isAuthenticated, which may be 0 or 1 as in SQLite", async () => {
    for (const yes of [true, 1])
      expect(await passes({ id: 1, isActive: yes, isAuthenticated: yes })).to.eql(["true", 200]);
    for (const no of [false, 0, null, undefined, "0", "true", 2]) {
      expect(await passes({ id: 1, isActive: no }), String(no)).to.eql(["false", 401]);
      expect(await passes({ id: 1, isAuthenticated: no }), String(no)).to.eql(["true", 401]);
    }
    expect(await passes(Object.assign(Object.create(null), { id: 1 }))).to.eql(["true", 200]);
    expect(await passes({ getId: () => "7" })).to.eql(["true", 200]);
    expect(await passes(Object.freeze({ id: 1 }))).to.eql(["true", 200]);
  });

  it("are rejected without a valid id", async () => {
    for (const user of [
      {},
      { id: null },
      { id: {} },
      { getId: () => 1 },
      { getId: () => "" },
      { id: "a\u0000" },
      { id: "\ud83d" },
      { getId: () => null, id: 1 },
    ]) {
      const { client } = await userApp(user);
      const answer = await client.post("/login");
      expect([answer.status, answer.text.split(":", 1)[0]]).to.eql([500, "UserIdError"]);
      expect((await client.get("/me")).status).to.equal(401);
    }
  });

  it("have the id that the option userId returns", async () => {
    const user = { uuid: "u-1", id: 5, getId: () => "unused" };
    const { client, ids } = await userApp(user, { userId: (given) => (given as typeof user).uuid });
    await client.post("/login");
    await client.get("/me");
    expect(ids).to.eql(["u-1", "u-1"]);
    for (const wrong of ["", 1, undefined]) {
      const refused = await userApp(user, { userId: () => wrong as string });
      expect((await refused.client.post("/login")).text).to.include("UserIdError: the user's userId() is");
    }
  });
});

describe("the anonymous user", () => {
  class Guest extends AnonymousUser {
    readonly name: string = "guest";
  }

  it("is created for each request by a class or by a function", async () => {
    const made: unknown[] = [];
    for (const anonymousUser of [Guest, () => new Guest(), () => ({ name: "guest" })]) {
      for (let time = 0; time < 2; time++) {
        const guest = await withinRequest({ anonymousUser: anonymousUser as never }, () => currentUser());
        expect(guest).to.have.property("name", "guest");
        expect(made).not.to.include(guest);
        made.push(guest);
      }
    }
    expect(made[0]).to.be.instanceOf(Guest);
  });

  it("passes no guard, whatever its properties are", async () => {
    const anonymousUser = (() => ({ id: 1, isAuthenticated: true, isActive: true, isAnonymous: false })) as never;
    const { client } = await userApp({ id: 1 }, { anonymousUser, userLoader: () => null });
    expect((await client.get("/me")).status).to.equal(401);
  });

  it("can be distinguished from users by its type", async () => {
    const userLoader = (id: string) => new Person(id, "Ann");
    const login = new LoginManager<Person, Guest>({ secret: SECRET, userLoader, anonymousUser: Guest });
    const app = express();
    login.init(app);
    app.post("/login", async (req, res) => void res.json(await loginUser(req, new Person("1", "Ann"))));
    app.get("/name", async (_req, res) => {
      const user = await login.currentUser();
      // Only users have equals(), so this line compiles only if TypeScript distinguishes the two types.
      res.send(user.isAnonymous ? user.name : `${user.name} ${user.equals(user)}`);
    });
    const client = apiClient(await serve(app));
    expect((await client.get("/name")).text).to.equal("guest");
    await client.post("/login");
    expect((await client.get("/name")).text).to.equal("Ann true");
  });
});
