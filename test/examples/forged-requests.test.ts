import { readdirSync, readFileSync } from "node:fs";
import { expect } from "chai";
import { apiClient, Browser } from "../support/browser.js";
import { serveExample } from "../support/example.js";
import { SECRET } from "../support/people.js";
import { type RunningExample, runExample } from "../support/running-example.js";
import { serveSecondFactor } from "../support/second-factor.js";

const FORGED = [
  { "sec-fetch-site": "cross-site", origin: "https://evil.example" },
  { "sec-fetch-site": "same-site" },
  { origin: "https://evil.example" },
];
const CREDENTIALS = { email: "ann@example.com", name: "Ann", password: "correct horse" };

/** The examples that are one file. express-session.ts needs Redis, so its own test sends forged requests. */
const names = readdirSync("examples")
  .filter((file) => file.endsWith(".ts"))
  .map((file) => file.slice(0, -3))
  .filter((name) => name !== "express-session");

/** Expects that no form of another site reaches the login and the logout. */
async function expectRefusals(origin: string): Promise<void> {
  for (const path of ["/login", "/logout"]) {
    for (const headers of FORGED) {
      const page = await new Browser(origin).post(path, { headers, form: CREDENTIALS });
      expect([page.status, page.cookies], `${path} ${JSON.stringify(headers)}`).to.eql([403, []]);
      const api = await apiClient(origin).post(path, { headers, json: CREDENTIALS });
      expect(api.json()).to.include({ status: 403, code: "cross_origin" });
    }
  }
}

describe("a forged login or logout", () => {
  for (const name of names) {
    describe(`at the example ${name}.ts`, () => {
      let example: RunningExample;
      before(async () => {
        example = await runExample(name, { SECRET, SESSION_STORE: "memory:" });
      });
      after(() => example.stop());

      it("is refused", () => expectRefusals(example.origin));
    });
  }

  it("is refused at the example web", async () => {
    const example = await serveExample();
    await expectRefusals(example.origin);
    await example.close();
  });

  it("is refused at the example second-factor", async () => {
    await expectRefusals((await serveSecondFactor()).origin);
  });

  it("is refused by the same guard in every example with a login", () => {
    const programs = readdirSync("examples", { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts"))
      .map((file) => ({ file, source: readFileSync(`examples/${file}`, "utf8") }))
      .filter(({ source }) =>
        /\b(login|customers)\.init\(|\(LoginManager\)\.init\(|\blogin\.middleware\(\)/.test(source),
      );
    expect(programs).to.have.length.above(8);
    const without = programs.filter(({ source }) => !source.includes("app.use(sameOriginRequired());"));
    expect(without.map(({ file }) => file)).to.eql([]);
  });
});
