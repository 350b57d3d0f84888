import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { afterTest } from "../support/after-test.js";
import { Consumer } from "../support/consumer.js";
import { snippetsOf } from "../support/snippets.js";
import { useStarter } from "../support/starter.js";
import { inTestAll } from "../support/tier.js";

const root = dirname(fileURLToPath(import.meta.resolve("latchkey/package.json")));
const STARTERS = join(root, "examples/starters");
const NAMES = readdirSync(STARTERS, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
  .sort();
const read = (name: string, file: string) => readFileSync(join(STARTERS, name, file), "utf8");

describe("the starters", () => {
  it("have at most 165 lines of code and 30 lines of instructions each, and the same pages and password rule", () => {
    expect(NAMES).to.deep.equal(["express-drizzle", "nestjs-prisma", "routing-controllers-typeorm"]);
    for (const name of NAMES) {
      const files = readdirSync(join(STARTERS, name)).filter((file) => /(?<!\.config)\.ts$/.test(file));
      const lines = files.flatMap((file) => read(name, file).split("\n"));
      expect(
        lines.filter((line) => !/^\s*($|\/\/|\/?\*)/.test(line)),
        name,
      ).to.have.length.below(166);
      expect(read(name, "README.md").split("\n"), name).to.have.length.below(32);
      for (const file of ["pages.ts", "passwords.ts"]) expect(read(name, file), name).to.equal(read(NAMES[0]!, file));
    }
  });

  it("have the password rule of the documentation", () => {
    const [shown] = snippetsOf("docs/recipes/passwords.md");
    expect(shown?.code).to.equal(`// passwords.ts\n${read(NAMES[0]!, "passwords.ts")}`);
  });

  it("name the versions that this repository tests", () => {
    const manifests = ["package.json", "test/orms/package.json"].map((file) => read("../..", file));
    const tested = Object.assign({}, ...manifests.map((text) => JSON.parse(text).devDependencies).reverse());
    for (const name of NAMES) {
      const { dependencies, devDependencies } = JSON.parse(read(name, "package.json"));
      for (const [peer, range] of Object.entries({ ...dependencies, ...devDependencies })) {
        if (["latchkey", "@types/node", "@types/better-sqlite3"].includes(peer)) continue;
        expect(range, `${name}: ${peer}`).to.equal(tested[peer]);
      }
    }
  });
});

// test/orms/starters.test.js tries the other two, whose ORMs are installed there.
inTestAll("the starter with routing-controllers and TypeORM", () => {
  it("compiles, keeps its users and logins over a restart, and logs them out", async () => {
    const starter = await Consumer.copyOf(join(STARTERS, "routing-controllers-typeorm"));
    afterTest(() => starter.remove());
    expect(await starter.tsc()).to.eql({ code: 0, output: "" });
    await useStarter(join(starter.dir, "dist/main.js"));
  });
});
