import { expect } from "chai";
import type { Browser } from "../support/browser.js";
import { freePort } from "../support/free-port.js";
import { follow, startProvider } from "../support/openid-provider.js";
import { endPrograms, type PageProgram, startProgram } from "../support/page-program.js";
import { inTestAll } from "../support/tier.js";

const ann = "ann@example.com";

inTestAll("the recipes for signing up and logging in", () => {
  afterEach(endPrograms);

  describe("sign-up", () => {
    const start = () =>
      startProgram("docs/recipes/sign-up.md", "app.ts", { DATABASE: ":memory:", SESSION_STORE: "memory:" });
    const signUp = async (program: PageProgram, client: Browser, password = "correct horse battery") => {
      await client.post("/sign-up", { json: { email: ann } });
      return client.post("/password", { json: { token: await tokenIn(program), password } });
    };
    const logIn = (client: Browser, password: string) => client.post("/login", { json: { email: ann, password } });

    it("creates the user and logs in with the link, which is valid once", async () => {
      const program = await start();
      const client = program.client();
      await client.post("/sign-up", { json: { email: ann } });
      expect((await client.get("/")).status).to.equal(401);
      const json = { token: await tokenIn(program), password: "correct horse battery" };
      for (const password of ["14 characters!", "passwordpassword", undefined])
        expect((await client.post("/password", { json: { ...json, password } })).status).to.equal(422);
      const answers = await Promise.all([1, 2, 3].map(() => client.post("/password", { json })));
      expect(answers.map(({ status }) => status).sort()).to.eql([200, 410, 410]);
      expect((await client.get("/")).text).to.equal(`Hello, ${ann}!`);
      await client.post("/logout");
      expect((await logIn(client, "wrong")).status).to.equal(401);
      expect((await logIn(client, "correct horse battery")).status).to.equal(200);
    });

    it("ends every login with a new password, and logs nobody in", async () => {
      const program = await start();
      const [first, second] = [program.client(), program.client()];
      await signUp(program, first);
      await second.post("/login", { json: { email: ann, password: "correct horse battery", remember: true } });
      await first.post("/forgot", { json: { email: ann } });
      const token = await tokenIn(program, 2);
      const answer = await first.post("/password", { json: { token, password: "battery staple horse" } });
      expect([answer.status, answer.text]).to.eql([200, "Please log in with the new password."]);
      for (const client of [first, second]) expect((await client.get("/")).status).to.equal(401);
      expect((await logIn(first, "correct horse battery")).status).to.equal(401);
      expect((await logIn(first, "battery staple horse")).status).to.equal(200);
    });

    it("does not say who has an account, and ends older links of the same address", async () => {
      const program = await start();
      const client = program.client();
      await client.post("/sign-up", { json: { email: ann } });
      const older = await tokenIn(program);
      await client.post("/sign-up", { json: { email: ann } });
      const json = { token: await tokenIn(program, 2), password: "correct horse battery" };
      expect((await client.post("/password", { json })).text).to.equal("Welcome.");
      expect((await client.post("/password", { json: { ...json, token: older } })).status).to.equal(410);
      const answer = (path: string, email: string) => client.post(path, { json: { email } });
      expect((await answer("/sign-up", ann)).text).to.equal((await answer("/sign-up", "bob@example.com")).text);
      expect((await answer("/forgot", ann)).text).to.equal((await answer("/forgot", "eve@example.com")).text);
      expect(program.printed.filter((line) => line.includes("eve"))).to.eql([]);
    });
  });

  describe("magic-link", () => {
    it("logs in by the button, once, only in the browser that asked", async () => {
      const program = await startProgram("docs/recipes/magic-link.md");
      const [browser, other] = [program.browser(), program.browser()];
      expect((await browser.get("/?page=2")).location).to.equal("/login");
      await browser.post("/login", { form: { email: ann } });
      const path = `/login/link?token=${await tokenIn(program)}`;
      expect((await browser.get(path)).text).to.include("<button>Log in</button>");
      expect((await other.post(path)).status).to.equal(410);
      const answer = await browser.post(path);
      expect([answer.status, answer.location]).to.eql([303, "/?page=2"]);
      expect((await browser.get("/")).text).to.equal(`Hello, ${ann}!`);
      expect((await browser.post(path)).status).to.equal(410);
    });

    it("refuses the link that an attacker asked for", async () => {
      const program = await startProgram("docs/recipes/magic-link.md");
      const [victim, attacker] = [program.browser(), program.browser()];
      await attacker.post("/login", { form: { email: "bob@example.com" } });
      const path = `/login/link?token=${await tokenIn(program)}`;
      expect((await victim.post(path)).status).to.equal(410);
      expect((await victim.post("/login/link")).status).to.equal(410);
      expect((await attacker.post(path)).status).to.equal(303); // it was not used up
    });
  });

  describe("social-login", () => {
    it("creates a user at the first login, finds it again, and connects a second account", async () => {
      const port = await freePort();
      const origin = `http://127.0.0.1:${port}`;
      const google = await startProvider(origin, "/login/google/callback");
      const work = await startProvider(origin, "/login/work/callback");
      const env: NodeJS.ProcessEnv = { PROVIDERS: "google,work", ORIGIN: origin, ANY_PORT: String(port) };
      for (const [name, { issuer }] of Object.entries({ GOOGLE: google, WORK: work }))
        Object.assign(env, {
          [`${name}_ISSUER`]: issuer,
          [`${name}_CLIENT_ID`]: "app",
          [`${name}_CLIENT_SECRET`]: "secret",
        });
      const program = await startProgram("docs/recipes/social-login.md", "app.ts", env);
      const at = async (browser: Browser, begun: Promise<Awaited<ReturnType<Browser["get"]>>>, name: string) => {
        const first = await begun;
        const { issuer } = first.location?.startsWith(work.issuer) ? work : google;
        return follow(browser, first, issuer, name);
      };

      const browser = program.browser();
      expect((await browser.get("/")).location).to.equal("/login");
      expect((await browser.get("/login")).text).to.include('href="/login/work"');
      expect((await at(browser, browser.get("/login/google"), "ann")).text).to.equal(`You are user 1, ${ann}`);
      const bob = program.browser();
      expect((await at(bob, bob.get("/login/work"), "bob")).text).to.equal("You are user 2, bob@example.com");

      expect((await browser.post("/connect/work", crossSite)).status).to.equal(403);
      expect((await at(browser, browser.post("/connect/work"), "ann")).text).to.equal(`You are user 1, ${ann}`);
      const other = program.browser();
      expect((await at(other, other.get("/login/work"), "ann")).text).to.equal(`You are user 1, ${ann}`);

      const third = program.browser();
      await at(third, third.get("/login/google"), "ann");
      expect((await at(third, third.post("/connect/work"), "bob")).status).to.equal(409);
      expect((await third.get("/login/google/callback?code=x&state=y")).status).to.equal(400);
      expect((await third.get("/login/nowhere")).status).to.equal(404);
    });

    it("does not connect an account to a user who logged in meanwhile", async () => {
      const port = await freePort();
      const origin = `http://127.0.0.1:${port}`;
      const { issuer } = await startProvider(origin, "/login/google/callback");
      const env = {
        PROVIDERS: "google",
        GOOGLE_ISSUER: issuer,
        GOOGLE_CLIENT_ID: "app",
        GOOGLE_CLIENT_SECRET: "secret",
      };
      const program = await startProgram("docs/recipes/social-login.md", "app.ts", {
        ...{ ...env, ORIGIN: origin, ANY_PORT: String(port) },
      });
      const browser = program.browser();
      await follow(browser, await browser.get("/login/google"), issuer, "ann");
      const begun = await browser.post("/connect/google");
      await browser.post("/logout");
      expect((await follow(browser, begun, issuer, "bob")).status).to.equal(400);
    });
  });
});

const crossSite = { headers: { origin: "https://evil.example", "sec-fetch-site": "cross-site" } };

/** Waits for the e-mail with this number, because it can arrive after the response, and returns its token. */
async function tokenIn({ printed }: PageProgram, number = 1): Promise<string> {
  const tokens = () => printed.flatMap((line) => /token=([\w-]+)/.exec(line)?.[1] ?? []);
  while (tokens().length < number) await new Promise(setImmediate);
  return tokens()[number - 1]!;
}
