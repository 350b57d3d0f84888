import { defineConfig } from "prisma/config";

// biome-ignore lint/style/noDefaultExport: Prisma reads the default export
export default defineConfig({
  schema: "schema.prisma",
  migrations: { path: "migrations" },
  datasource: { url: `file:${process.env.DATABASE ?? "users.sqlite"}` },
});
