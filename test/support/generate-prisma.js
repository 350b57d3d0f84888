// Prisma's clients, from the schemas in prisma/ of the folder that this runs in; the arguments are their names. Its generator runs in
// WebAssembly. It would first download the engine of migrations, which nothing here uses: any program that is named for it will do.
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
