import { execFileSync, fork } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { Browser } from "../../build/test/support/browser.js";
import { startRedis, stopRedisServers } from "../../build/test/support/redis-servers.js";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const TSC = here("../../node_modules/typescript/bin/tsc");
const ANY_PORT = new URL("../../build/test/support/any-port.js", import.meta.url).href;
const ann = { email: "ann@example.com", password: "correct horse" };

/** The file of a page's program. */
function fileOn(page, name) {
  const blocks = readFileSync(here(`../../docs/${page}`), "utf8").matchAll(/^```ts\n([\s\S]*?)^```$/gm);
  return [...blocks].map(([, code]) => code).find((code) => code.startsWith(`// ${name}\n`));
}

after("the servers", stopRedisServers);

for (const version of ["ioredis5", "ioredis6"]) {
  describe(`docs/recipes/ioredis.md with ${version}`, () => {
    const folder = here(`generated/${version}`);
    let app;
    after(() => {
      app?.kill("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    });

    it("compiles, logs in, keeps the login in Redis and logs out", async () => {
      const { url } = await startRedis();
      mkdirSync(folder, { recursive: true });
      const code = fileOn("recipes/ioredis.md", "app.ts").replace('from "ioredis"', `from "${version}"`);
      writeFileSync(join(folder, "app.ts"), code);
      writeFileSync(join(folder, "accounts.ts"), fileOn("getting-started.md", "accounts.ts"));
      const options = "--module nodenext --target es2023 --types node --strict --skipLibCheck --ignoreConfig";
      execFileSync(process.execPath, [TSC, "app.ts", ...options.split(" ")], { cwd: folder, stdio: "inherit" });
      app = fork(join(folder, "app.js"), { execArgv: ["--import", ANY_PORT], env: { ...process.env, REDIS_URL: url } });
      const port = await new Promise((found, failed) => {
        app.once("message", found);
        app.once("exit", (code) => failed(new Error(`the program ended with ${code}`)));
      });
      const client = new Browser(`http://127.0.0.1:${port}`, { accept: "application/json" });
      expect((await client.post("/login", { json: { ...ann, password: "wrong" } })).status).to.equal(401);
      expect((await client.post("/login", { json: ann })).json()).to.eql({ email: ann.email });
      await client.restart();
      expect((await client.get("/me")).json()).to.eql({ email: ann.email });
      expect((await client.post("/logout")).status).to.equal(204);
      expect((await client.get("/me")).status).to.equal(401);
    });
  });
}
