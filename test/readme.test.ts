import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect } from "chai";
import * as latchkey from "latchkey";
import { LatchkeyError, LoginManager, OptionError } from "latchkey";
import { Browser } from "./support/browser.js";
import { SECRET } from "./support/people.js";

const readme = readFileSync("README.md", "utf8");

describe("README", () => {
  it("names every option, as the table does", () => {
    const error = (() => {
      try {
        return new LoginManager({ secret: SECRET, none: 1 } as never);
      } catch (caught) {
        return caught;
      }
    })();
    expect(error).to.be.instanceOf(OptionError);
    const names = (error as Error).message.match(/there are (.*)$/)?.[1]?.split(", ") ?? [];
    expect(names).to.have.length.above(20);
    for (const name of names) expect(readme).to.match(new RegExp(`\`${name}[\`(.]`));
  });

  it("names every error with its code and status", () => {
    const classes = Object.values(latchkey).filter(
      (value): value is typeof LatchkeyError => typeof value === "function" && value.prototype instanceof LatchkeyError,
    );
    expect(classes).to.have.length.above(10);
    for (const ErrorClass of classes as unknown as Array<new (...args: string[]) => LatchkeyError>) {
      const error = new ErrorClass("x", "y");
      expect(readme).to.include(`| \`${ErrorClass.name}\` | \`${error.code}\` | ${error.status} |`);
    }
  });

  describe("the whole program", () => {
    let folder: string;
    let program: ChildProcess | undefined;

    before(function () {
      this.timeout(60_000);
      folder = mkdtempSync(join(tmpdir(), "latchkey-readme-"));
      symlinkSync(resolve("node_modules"), join(folder, "node_modules"));
      const code = /```ts\n\/\/ app\.ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? "";
      const anyPort = code.replace(
        'app.listen(3000, () => console.log("http://localhost:3000"));',
        "const server = app.listen(0, () => console.log((server.address() as { port: number }).port));",
      );
      expect(anyPort).to.not.equal(code);
      writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
      writeFileSync(join(folder, "app.ts"), anyPort);
      const options = { target: "ES2022", module: "NodeNext", strict: true, types: ["node"], skipLibCheck: true };
      const paths = { latchkey: [resolve("dist/src/index.d.ts")] };
      const config = { compilerOptions: { ...options, paths }, files: ["app.ts"] };
      writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
      execFileSync(process.execPath, [resolve("node_modules/typescript/bin/tsc"), "-p", folder], { stdio: "pipe" });
      const compiled = readFileSync(join(folder, "app.js"), "utf8");
      writeFileSync(
        join(folder, "app.js"),
        compiled.replace('"latchkey"', JSON.stringify(resolve("dist/src/index.js"))),
      );
    });

    after(() => {
      program?.kill();
      rmSync(folder, { recursive: true, force: true });
    });

    it("compiles and works as it is written", async () => {
      program = spawn(process.execPath, ["app.js"], { cwd: folder, stdio: ["ignore", "pipe", "inherit"] });
      const port = await new Promise<string>((found) =>
        program?.stdout?.once("data", (data) => found(String(data).trim())),
      );
      const browser = new Browser(`http://127.0.0.1:${port}`);

      expect((await browser.get("/")).location).to.equal("/login?next=%2F");
      expect((await browser.get("/login")).text).to.include("<form");
      const wrong = { email: "ann@example.com", password: "wrong" };
      expect((await browser.post("/login", { form: wrong })).status).to.equal(401);
      const right = { email: "ann@example.com", password: "correct horse", remember: "on" };
      expect((await browser.post("/login?next=%2F%3Fx%3D1", { form: right })).location).to.equal("/?x=1");
      expect((await browser.get("/")).text).to.include("Hello, ann@example.com!");
      await browser.restart();
      expect((await browser.get("/")).text).to.include("Hello, ann@example.com!");
      expect((await browser.post("/logout")).location).to.equal("/login");
      expect((await browser.get("/")).status).to.equal(302);
    });
  });
});
