import { expect } from "chai";
import { loginUser } from "latchkey";
import { Person } from "../support/people.js";
import { NOBODY, site } from "./support.js";

describe("parity: user ids", () => {
  it("can be text in any script, even in the remember cookie", async () => {
    const yuki = new Person("雪-7", "Mäxi");
    const { visitor } = await site({ userLoader: (id) => (id === yuki.id ? yuki : undefined) }, (app) => {
      app.post("/login/yuki", async (req, res) => void res.json(await loginUser(req, yuki, { remember: true })));
    });
    expect((await visitor.post("/login/yuki")).text).to.equal("true");
    await visitor.restart();
    expect(await visitor.who()).to.include({ name: "Mäxi", remembered: true });
  });

  it("can be computed by the option userId", async () => {
    const asked: string[] = [];
    const { visitor } = await site({
      userId: ({ name }) => `name:${name}`,
      userLoader: (id) => {
        asked.push(id);
        return new Person("9", "Somebody");
      },
    });
    await visitor.login("ann");
    await visitor.who();
    expect(asked).to.deep.equal(["name:Ann"]);
  });

  it("stay the same when a changed stamp ends all earlier logins", async () => {
    const { visitor, ann } = await site();
    await visitor.login("ann", { remember: true });
    ann.stamp = "2";
    expect(await visitor.who()).to.deep.equal(NOBODY);
    await visitor.login("ann");
    expect(await visitor.who()).to.include({ name: "Ann" });
  });
});
