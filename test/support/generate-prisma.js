// Generates Prisma clients from the schemas in prisma/ of the current folder. The arguments are the names of the
// schemas. Prisma would first download its migration engine, which no test uses. The variable names another program as
// that engine, so that Prisma does not download it.
import { execFileSync } from "node:child_process";

const env = { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, CHECKPOINT_DISABLE: "1" };
for (const database of process.argv.slice(2)) {
  const args = [
    "node_modules/prisma/build/index.js",
    "generate",
    "--no-hints",
    "--schema",
    `prisma/${database}.prisma`,
  ];
  execFileSync(process.execPath, args, { env, stdio: "pipe" });
}
