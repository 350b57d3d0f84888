import { expect } from "chai";
import express from "express";
import { currentUser, LoginManager, type LoginManagerOptions, loginUser, OptionError } from "latchkey";
import { apiClient } from "../support/browser.js";
import { people, SECRET } from "../support/people.js";
import { serve } from "../support/server.js";
import { site } from "./support.js";

describe("parity: the manager", () => {
  it("works in every application that mounts it", async () => {
    const { ann, load } = people();
    const login = new LoginManager({ secret: SECRET, userLoader: load });
    const whole = express();
    const parts = express();
    login.init(whole);
    parts.use(login.session(), login.middleware());

    for (const app of [whole, parts]) {
      app.post("/login", async (req, res) => void res.json(await loginUser(req, ann)));
      app.get("/who", async (_req, res) => void res.json(await currentUser()));
      const client = apiClient(await serve(app));
      await client.post("/login");
      expect((await client.get("/who")).json()).to.include({ name: "Ann" });
    }
  });

  it("names the missing loader when a user is requested", async () => {
    const { visitor } = await site({ userLoader: null });

    expect((await visitor.get("/")).status).to.equal(200);
    const answer = await visitor.get("/who");
    expect(answer.status).to.equal(500);
    expect(answer.json()).to.deep.include({ code: "loader_missing" });
    expect(answer.text).to.contain("userLoader or requestLoader");
  });

  it("has no option that disables all guards", () => {
    const options = { secret: SECRET, loginDisabled: true } as LoginManagerOptions;
    expect(() => new LoginManager(options)).to.throw(OptionError, "loginDisabled");
  });

  it("accepts a string as its secret, not bytes", () => {
    const options = { secret: Buffer.alloc(64) } as unknown as LoginManagerOptions;
    expect(() => new LoginManager(options)).to.throw(OptionError, "secret");
  });
});
