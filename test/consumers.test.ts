import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { Consumer } from "./support/consumer.js";

const OPTIONAL = [
  ...["routing-controllers", "reflect-metadata", "class-transformer", "class-validator", "multer", "body-parser"],
  ...["typeorm", "better-sqlite3", "redis", "connect-redis", "pg", "mysql2", "express", "express-session", "passport"],
];

describe("a project that has latchkey installed", function () {
  this.timeout(60_000);
  let consumer: Consumer;
  afterEach(() => consumer.remove());

  it("may be CommonJS, with every declaration checked", async () => {
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

  it("may have Passport check the credentials, and latchkey keep the login", async () => {
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
    it(`gets the types that it expects, with exactOptionalPropertyTypes ${exact}`, async () => {
      consumer = await Consumer.of("inference");
      expect(await consumer.tsc("--noEmit", "--exactOptionalPropertyTypes", exact)).to.eql({ code: 0, output: "" });
    });
  }

  it("loads no optional peer with the root entry, nor their types", async () => {
    consumer = await Consumer.of("entries");
    const loadedBy = async (entry: string) => {
      const { code, output } = await consumer.node("load.mjs", entry);
      expect(code, output).to.equal(0);
      return [...new Set(output.trim().split("\n"))];
    };
    const root = await loadedBy("latchkey");
    expect(root).to.include.members(["lru-cache", "ms", "on-headers"]);
    expect(root.filter((name) => OPTIONAL.includes(name))).to.eql([]);
    expect((await loadedBy("latchkey/testing")).filter((name) => OPTIONAL.includes(name))).to.eql([]);
    expect(await loadedBy("latchkey/routing-controllers")).to.include("routing-controllers");

    const { code, output } = await consumer.tsc("--listFilesOnly");
    expect(code, output).to.equal(0);
    expect(output).to.include("/dist/src/index.d.ts").and.include("/@types/express/");
    expect(output).not.to.match(/\/(routing-controllers|class-transformer|typeorm|redis)\//);
  });
});
