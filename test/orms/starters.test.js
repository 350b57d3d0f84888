import { execFileSync } from "node:child_process";
import { cpSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { useStarter } from "../../build/test/support/starter.js";

const STARTERS = "../../examples/starters";
const PRISMA = ["../../../node_modules/prisma/build/index.js", "generate", "--no-hints", "--schema", "schema.prisma"];
// As in generate-prisma.js: Prisma does not download its migration engine.
const env = { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, CHECKPOINT_DISABLE: "1" };

describe("the starters", function () {
  this.timeout(300_000); // they compile, which takes long on a busy machine
  for (const name of ["express-drizzle", "nestjs-prisma"]) {
    it(`${name}: compiles, keeps its users and logins over a restart, and logs them out`, async () => {
      const folder = join("generated", "starters", name);
      rmSync(folder, { recursive: true, force: true });
      cpSync(join(STARTERS, name), folder, { recursive: true });
      const run = (...args) => execFileSync(process.execPath, args, { cwd: folder, env, stdio: "pipe" });
      if (name.endsWith("prisma")) run(...PRISMA);
      run("../../../../../node_modules/typescript/bin/tsc", "-p", ".");
      await useStarter(join(process.cwd(), folder, "dist/main.js"), (databases) => {
        if (!name.endsWith("prisma")) return;
        const users = new Database(join(databases, "users.sqlite"));
        users.exec(readFileSync(join(folder, "migrations/0001_users/migration.sql"), "utf8"));
        users.close();
      });
    });
  }
});
