import { expect } from "chai";
import { runProgram } from "../support/program.js";

/** Counts, with V8's precise coverage, the functions of latchkey that one guarded read calls. */
const PROGRAM = `
import { readFileSync } from "node:fs";
import inspector from "node:inspector/promises";
import { SourceMap } from "node:module";
import { fileURLToPath } from "node:url";
import express from "express";
import { LoginManager, loginRequired, loginUser, MemoryStore } from "latchkey";

const [options] = process.argv.slice(-1);
const user = { id: "1", isActive: true };
const store = new MemoryStore();
let calls = 0;
const watched = new Proxy(store, { get: (at, key) => {
  const value = Reflect.get(at, key, at);
  return typeof value === "function" ? (...args) => { calls++; return value.apply(at, args); } : value;
} });
const requiredMethods = options === "used" ? { requiredMethods: () => ["otp"] } : {};
const login = new LoginManager({ secret: "a secret for tests, 32 characters or more", store: watched, userLoader: () => user, ...requiredMethods });
const app = express();
login.init(app);
app.post("/login", async (req, res) => res.json(await loginUser(req, user, { methods: options === "used" ? ["pwd", "otp"] : undefined })));
app.get("/me", loginRequired(), (_req, res) => res.send("me"));
const server = app.listen(0, async () => {
  const origin = "http://127.0.0.1:" + server.address().port;
  const { headers } = await fetch(origin + "/login", { method: "POST" });
  const cookie = headers.getSetCookie()[0].split(";")[0];
  const read = async () => (await fetch(origin + "/me", { headers: { cookie } })).status;
  if ((await read()) !== 200) throw new Error("not logged in");
  const session = new inspector.Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: false });
  await session.post("Profiler.takePreciseCoverage");
  calls = 0;
  for (let i = 0; i < 10; i++) await read();
  const storeCalls = calls / 10;
  const { result } = await session.post("Profiler.takePreciseCoverage");
  const called = result.filter(({ url }) => url.includes("/dist/")).flatMap(({ url, functions }) => {
    const text = readFileSync(fileURLToPath(url), "utf8");
    const map = new SourceMap(JSON.parse(readFileSync(fileURLToPath(url + ".map"), "utf8")));
    return functions.filter(({ ranges: [{ count }] }) => count > 0).map(({ functionName, ranges: [{ startOffset }] }) => {
      const lines = text.slice(0, startOffset).split("\\n");
      const { originalSource = "" } = map.findEntry(lines.length - 1, lines.at(-1).length);
      return originalSource.split("/src/")[1] + " " + functionName;
    });
  });
  console.log(JSON.stringify({ storeCalls, called: [...new Set(called)] }));
  process.exit();
});
`;

interface Counted {
  storeCalls: number;
  called: string[];
}

async function guardedRead(options: "used" | "unused"): Promise<Counted> {
  const { output } = await runProgram(PROGRAM, { args: [options], env: { NODE_V8_COVERAGE: "" } });
  return JSON.parse(output) as Counted;
}

describe("an application that requires no methods", () => {
  it("calls none of their functions for a guarded read, and the store once", async () => {
    const ofMethods = ({ called }: Counted) => called.filter((name) => /methods|pending/i.test(name));
    const unused = await guardedRead("unused");
    expect(unused.called).to.have.length.above(50);
    expect(ofMethods(unused)).to.eql([]);
    expect(unused.storeCalls).to.equal(1);
    const used = await guardedRead("used");
    expect(ofMethods(used)).to.include("current/required-methods.ts missingIn");
    expect(used.storeCalls).to.equal(1);
  });
});
