// Prisma's clients, from the schemas in prisma/. Its generator runs in WebAssembly; the engine that it would download first is that of
// migrations, which nothing here uses: it takes any program that is named for it.
import { execFileSync } from "node:child_process";

const env = { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, CHECKPOINT_DISABLE: "1" };
for (const database of ["sqlite", "postgres"]) {
  const args = [
    "node_modules/prisma/build/index.js",
    "generate",
    "--no-hints",
    "--schema",
    `prisma/${database}.prisma`,
  ];
  execFileSync(process.execPath, args, { env, stdio: "pipe" });
}
