import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { Consumer } from "../support/consumer.js";
import { packageWith } from "../support/package-with.js";
import { runProgram } from "../support/program.js";
import { inTestAll } from "../support/tier.js";

/** TypeScript 7 does not support moduleResolution node10. The older compiler in are-the-types-wrong does. */
const oldTsc = createRequire(createRequire(import.meta.url).resolve("@arethetypeswrong/core")).resolve(
  "typescript/bin/tsc",
);

const root = dirname(fileURLToPath(import.meta.resolve("latchkey/package.json")));

const OPTIONAL = [
  ...["routing-controllers", "reflect-metadata", "class-transformer", "class-validator", "multer", "body-parser"],
  ...["typeorm", "better-sqlite3", "redis", "connect-redis", "pg", "mysql2", "express", "express-session", "passport"],
];

/** The packages that each entry needs. */
const PEERS: Record<string, string[]> = {
  latchkey: [],
  "latchkey/impersonation": [],
  "latchkey/external-logins": [],
  "latchkey/known-browsers": [],
  "latchkey/session-imports": [],
  "latchkey/device-bound": [],
  "latchkey/testing": [],
  "latchkey/stores": [],
  "latchkey/stores/express-session": [],
  "latchkey/stores/moving": [],
  "latchkey/stores/sql": [],
  "latchkey/stores/redis": [],
  "latchkey/stores/typeorm": ["typeorm", "reflect-metadata"],
  "latchkey/nestjs": ["@nestjs/common", "reflect-metadata"],
  "latchkey/routing-controllers": ["routing-controllers", "reflect-metadata", "class-transformer", "class-validator"],
};

inTestAll("a project that has latchkey installed", () => {
  let consumer: Consumer;
  afterEach(() => consumer.remove());

  it("can be CommonJS, with every declaration checked", async () => {
    consumer = await Consumer.of("commonjs");
    expect(await consumer.tsc()).to.eql({ code: 0, output: "" });
    expect(await readFile(join(consumer.dir, "out/main.js"), "utf8")).to.include(
      'require("latchkey/routing-controllers")',
    );
    const { code, output } = await consumer.node("out/main.js");
    expect(code, output).to.equal(0);
    expect(JSON.parse(output)).to.eql({
      nobody: ["401", '200 "help"'],
      ann: ['200 {"name":"Ann","isUser":true}', '200 "changed"'],
      login: "200 [true,true]",
      error: "middleware_missing",
      table: ["/account/ login", "/account/password fresh", "/account/help public"],
    });
  });

  it("can use Passport for the credentials, and latchkey for the login", async () => {
    consumer = await Consumer.of("passport");
    expect(await consumer.tsc()).to.eql({ code: 0, output: "" });
    const { code, output } = await consumer.node("out/main.js");
    expect(code, output).to.equal(0);
    expect(JSON.parse(output)).to.eql({
      wrong: 401,
      before: 401,
      right: true,
      cookies: ["remember", "sid"],
      me: [
        ["ann@example.com", 1, "1", null, true],
        ["ann@example.com", 2, "1", null, true],
      ],
      logout: [true, true],
      after: 401,
      left: [],
    });
  });

  for (const exact of ["true", "false"]) {
    it(`gets the expected types with exactOptionalPropertyTypes ${exact}`, async () => {
      consumer = await Consumer.of("inference");
      expect(await consumer.tsc("--noEmit", "--exactOptionalPropertyTypes", exact)).to.eql({ code: 0, output: "" });
    });
  }

  it("loads neither an optional peer nor its types with the root entry", async () => {
    consumer = await Consumer.of("entries");
    const loadedBy = async (entry: string) => {
      const { code, output } = await consumer.node("load.mjs", entry);
      expect(code, output).to.equal(0);
      return [...new Set(output.trim().split("\n"))];
    };
    const root = await loadedBy("latchkey");
    expect(root).to.include.members(["lru-cache", "ms"]);
    expect(root.filter((name) => OPTIONAL.includes(name))).to.eql([]);
    expect((await loadedBy("latchkey/testing")).filter((name) => OPTIONAL.includes(name))).to.eql([]);
    expect(await loadedBy("latchkey/routing-controllers")).to.include("routing-controllers");

    const { code, output } = await consumer.tsc("--listFilesOnly");
    expect(code, output).to.equal(0);
    expect(output).to.include("/dist/src/index.d.ts").and.include("/@types/express/");
    expect(output).not.to.match(/\/node_modules\/(routing-controllers|class-transformer|typeorm|redis)\//);
  });

  it("can load each entry with only the packages that the entry needs", async () => {
    const { exports } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
    const entries = Object.keys(exports).filter((entry) => entry !== "./package.json");
    expect(entries.map((entry) => entry.replace(".", "latchkey"))).to.have.members(Object.keys(PEERS));
    for (const [entry, peers] of Object.entries(PEERS)) {
      consumer = await Consumer.empty();
      const cwd = await packageWith(consumer.dir, peers);
      const show = "console.log(Object.keys(await import(process.argv[1])).length > 0)";
      expect(await runProgram(show, { args: [entry], cwd }), entry).to.eql({ code: 0, output: "true" });
      await consumer.remove();
    }
  });

  it("can store sessions with only Express installed", async () => {
    consumer = await Consumer.empty();
    const cwd = await packageWith(consumer.dir, ["express"]);
    const program = `
      import express from "express";
      import { LoginManager } from "latchkey";
      const app = express();
      new LoginManager({ secret: "a secret that is long enough, really" }).init(app);
      app.get("/", (req, res) => res.send(String((req.session.seen = (req.session.seen ?? 0) + 1))));
      const server = app.listen(0, "127.0.0.1", async () => {
        const url = "http://127.0.0.1:" + server.address().port;
        const first = await fetch(url);
        const second = await fetch(url, { headers: { cookie: first.headers.get("set-cookie").split(";", 1)[0] } });
        console.log(await first.text(), await second.text());
        server.close();
      });`;
    expect(await runProgram(program, { cwd, env: { NODE_ENV: "development" } })).to.eql({ code: 0, output: "1 2" });
  });

  it("finds the types of every entry with each moduleResolution of TypeScript", async () => {
    consumer = await Consumer.of("resolution");
    for (const [resolution, module] of [
      ...[
        ["nodenext", "nodenext"],
        ["bundler", "esnext"],
      ],
    ] as const) {
      const args = ["--module", module, "--moduleResolution", resolution];
      expect(await consumer.tsc(...args), resolution).to.eql({ code: 0, output: "" });
    }
    const args = ["--module", "commonjs", "--moduleResolution", "node10"];
    expect(await consumer.node(oldTsc, "-p", ".", ...args)).to.eql({ code: 0, output: "" });
    const { code, output } = await consumer.node(oldTsc, "-p", ".", ...args, "--listFilesOnly");
    expect(code, output).to.equal(0);
    expect(output).to.include("/dist/stores/redis/index.d.ts").and.not.include("/stores/redis/index.ts");
  });
});
