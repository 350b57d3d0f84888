import { expect } from "chai";
import { loginUser } from "latchkey";
import { Person } from "../support/people.js";
import { NOBODY, site } from "./support.js";

describe("parity: ids of users", () => {
  it("may be text in any script, in the remember cookie too", async () => {
    const yuki = new Person("雪-7", "Mäxi");
    const { visitor } = await site({ userLoader: (id) => (id === yuki.id ? yuki : undefined) }, (app) => {
      app.post("/login/yuki", async (req, res) => void res.json(await loginUser(req, yuki, { remember: true })));
    });
    expect((await visitor.post("/login/yuki")).text).to.equal("true");
    await visitor.restart();
    expect(await visitor.who()).to.include({ name: "Mäxi", remembered: true });
  });

  it("may be read by the application", async () => {
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

  it("stay, while a stamp that changes ends every login made before", async () => {
    const { visitor, ann } = await site();
    await visitor.login("ann", { remember: true });
    ann.stamp = "2";
    expect(await visitor.who()).to.deep.equal(NOBODY);
    await visitor.login("ann");
    expect(await visitor.who()).to.include({ name: "Ann" });
  });
});
