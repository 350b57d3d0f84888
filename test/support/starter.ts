import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { expect } from "chai";
import { Browser } from "./browser.js";

const PASSWORD = "correct horse battery";

/** Starts a compiled starter in a folder, where it keeps its databases, and stops it at the end. */
async function running<T>(main: string, cwd: string, use: (origin: string) => Promise<T>): Promise<T> {
  const { DATABASE, SECRET, SESSION_STORE, NODE_ENV, ...env } = process.env;
  const child = spawn(process.execPath, [main], {
    cwd,
    env: { ...env, PORT: "0" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  try {
    return await use(await originIn(child.stdout));
  } finally {
    child.kill();
    await ended;
  }
}

async function originIn(output: Readable): Promise<string> {
  for await (const line of createInterface(output)) {
    const origin = /http:\/\/localhost:\d+/.exec(line)?.[0];
    if (!origin) continue;
    output.resume();
    return origin;
  }
  throw new Error("the starter ended before it printed its URL");
}

/**
 * Uses a compiled starter as people do: sign up, log in, be remembered over a restart of the site and of the browser, log
 * out elsewhere, log out.
 *
 * @param prepare prepares the folder that has the databases
 */
export async function useStarter(main: string, prepare: (folder: string) => unknown = () => {}): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "latchkey-starter-"));
  try {
    await prepare(folder);
    const browsers = await running(main, folder, logInTwice);
    await running(main, folder, (origin) => logOut(origin, browsers));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A browser that signed up, and one that is remembered. */
type Browsers = [Browser, Browser];

async function logInTwice(origin: string): Promise<Browsers> {
  const ann = { email: "ann@example.com", password: PASSWORD };
  const browser = new Browser(origin);
  const asked = await browser.get("/?tab=1");
  expect([asked.status, asked.location]).to.deep.equal([302, "/login?next=%2F%3Ftab%3D1"]);
  expect((await browser.get(asked.location!)).text).to.include('name="next" type="hidden" value="/?tab=1"');
  const short = await browser.post("/signup", { form: { email: '"><b>', password: "14 characters!" } });
  expect([short.status, short.headers.get("content-type")]).to.deep.equal([422, "text/html; charset=utf-8"]);
  expect(short.text).to.include("Use at least 15 characters.").and.include('value="&#34;&#62;&#60;b&#62;"');
  const common = await browser.post("/signup", { form: { ...ann, password: "PasswordPassword" } });
  expect([common.status, common.text.includes("easy to guess")]).to.deep.equal([422, true]);
  const signedUp = await browser.post("/signup", { form: { ...ann, email: " Ann@example.com ", next: "/?tab=1" } });
  expect([signedUp.status, signedUp.location]).to.deep.equal([303, "/?tab=1"]);
  expect((await browser.get("/")).text)
    .to.include("Hello, ann@example.com")
    .and.include("(this device)");
  const taken = await new Browser(origin).post("/signup", { form: ann });
  expect([taken.status, taken.text.includes("already exists")]).to.deep.equal([422, true]);

  const other = new Browser(origin);
  const forged = await other.post("/login", { form: ann, headers: { "sec-fetch-site": "cross-site" } });
  expect(forged.status).to.equal(403);
  for (const wrong of [
    { ...ann, password: "wrong password" },
    { ...ann, email: "eve@example.com" },
  ]) {
    const refused = await other.post("/login", { form: wrong });
    expect([refused.status, refused.text.includes("The e-mail or the password is wrong.")]).to.deep.equal([422, true]);
  }
  const elsewhere = await other.post("/login", { form: { ...ann, remember: "on", next: "//evil.example" } });
  expect(elsewhere.location, "no other site").to.equal("/");
  return [browser, other];
}

async function logOut(origin: string, [browser, other]: Browsers): Promise<void> {
  const [again, otherAgain] = [new Browser(origin), new Browser(origin)];
  [again.jar, otherAgain.jar] = [browser.jar, other.jar];
  expect((await again.get("/")).status, "the same session").to.equal(200);
  await otherAgain.restart();
  expect((await otherAgain.get("/")).status, "remembered").to.equal(200);
  expect((await otherAgain.post("/log-out-others")).location, "remembered, so not fresh").to.equal("/login");
  expect((await again.post("/log-out-others")).location).to.equal("/");
  expect((await otherAgain.get("/")).location).to.equal("/login?next=%2F");
  expect((await again.post("/logout")).location).to.equal("/login");
  expect((await again.get("/")).location).to.equal("/login?next=%2F");
}
