import { setImmediate } from "node:timers/promises";
import { expect } from "chai";
import { freshLoginRequired, loginRequired } from "latchkey";
import { site } from "./support.js";

describe("parity: a guard", () => {
  it("lets a logged-in user in", async () => {
    const { visitor } = await site();
    expect((await visitor.get("/guarded")).status).to.equal(401);
    await visitor.login("ann");
    expect((await visitor.get("/guarded")).text).to.equal("let through");
  });

  it("guards an asynchronous handler", async () => {
    const { visitor } = await site({}, (app) => {
      app.get("/later", loginRequired(), async (_req, res) => {
        await setImmediate();
        res.send("let through");
      });
    });
    expect((await visitor.get("/later")).status).to.equal(401);
    await visitor.login("ann");
    expect((await visitor.get("/later")).text).to.equal("let through");
  });

  it("requires a fresh login, or a confirmation of the login", async () => {
    const { visitor } = await site();
    expect((await visitor.get("/fresh")).status).to.equal(401);
    await visitor.login("ann", { remember: true });
    expect((await visitor.get("/fresh")).text).to.equal("let through");

    await visitor.restart();
    expect((await visitor.get("/fresh")).status).to.equal(403);
    await visitor.confirm();
    expect((await visitor.get("/fresh")).text).to.equal("let through");
  });

  it("lets an exempt OPTIONS request through, but no other method", async () => {
    const { visitor } = await site({ exemptMethods: ["OPTIONS"] }, (app) => {
      app.all("/both", loginRequired(), freshLoginRequired(), (_req, res) => void res.send("let through"));
    });
    expect((await visitor.send("OPTIONS", "/both")).text).to.equal("let through");
    expect((await visitor.get("/both")).status).to.equal(401);
    expect((await visitor.post("/both")).status).to.equal(401);
  });
});
