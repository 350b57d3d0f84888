import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { Consumer } from "./support/consumer.js";

/** `active authenticated anonymous id` of the users in `test/consumers/mixin`, with any compiler settings. */
const FACTS = {
  getter: "true true false getter:1",
  getterChanged: "false false true getter:1",
  field: "false true true field",
  declaredField: ["true true false 7", "false false false 7"],
  accessors: ["true true false 8", "false false false 8"],
  grandchild: "false false true grandchild of getter:1",
  saved: ["true true false 1", "false false false 2"],
  loaded: ["true true false 1", "false false false 2"],
  equal: [true, false],
  json: JSON.stringify([
    { id: 1, email: "ann@example.com", isActive: true, isAnonymous: false },
    { id: 2, email: "bob@example.com", isActive: false, isAnonymous: false },
  ]),
  plain: { id: 2, email: "bob@example.com", isActive: false, isAnonymous: false },
  instance: "false false false 9",
  changed: "true true false 2",
  counted: [2, 0],
  member: "false false false <uuid>",
  memberByDefault: "true true false <uuid>",
  memberEquals: [true, false, true],
  memberJson: JSON.stringify({ id: "<uuid>", isActive: false }),
  employee: ["true true false acme:7", "false false false acme:8", "false false false acme:8"],
};

describe("UserMixin with the compiler settings of an application", () => {
  const consumers: Consumer[] = [];
  after(() => Promise.all(consumers.map((consumer) => consumer.remove())));

  for (const define of ["true", "false"]) {
    for (const override of ["true", "false"]) {
      it(`can be overridden by getters, fields and columns if useDefineForClassFields is ${define} and noImplicitOverride is ${override}`, async () => {
        const consumer = await Consumer.of("mixin");
        consumers.push(consumer);
        if (override === "false") await dropOverrides(consumer.dir);
        const flags = ["--useDefineForClassFields", define, "--noImplicitOverride", override];
        expect(await consumer.tsc(...flags)).to.eql({ code: 0, output: "" });
        const { code, output } = await consumer.node("out/main.js");
        expect(code, output).to.equal(0);
        expect(JSON.parse(output)).to.eql(FACTS);
      });
    }
  }
});

/** Removes the word `override` from the sources, because most applications do not write it. */
async function dropOverrides(dir: string): Promise<void> {
  for (const file of (await readdir(dir)).filter((name) => name.endsWith(".ts"))) {
    const text = await readFile(join(dir, file), "utf8");
    await writeFile(join(dir, file), text.replaceAll("override ", ""));
  }
}
