import { readFileSync } from "node:fs";
import { expect } from "chai";
import { Authenticator } from "../support/authenticator.js";
import type { Browser } from "../support/browser.js";
import { endPrograms, startProgram } from "../support/page-program.js";
import { codeOf } from "../support/second-factor.js";
import { snippetsOf } from "../support/snippets.js";
import { inTestAll } from "../support/tier.js";

const ann = { email: "ann@example.com", password: "correct horse" };
const bob = { email: "bob@example.com", password: "battery staple" };
const STEP = 30_000;

/** The files of `examples/web/second-factor` that each page shows. */
const SHOWN = {
  "docs/recipes/authenticator-app.md": ["totp.ts", "tries.ts", "recovery-codes.ts"],
  "docs/recipes/passkeys.md": ["passkeys.ts"],
  "docs/recipes/trusted-browsers.md": ["trusted-browser.ts"],
};

describe("the recipes for second factors", () => {
  for (const [page, files] of Object.entries(SHOWN)) {
    it(`show the files of the example in ${page}`, () => {
      for (const file of files) {
        const shown = snippetsOf(page).find((snippet) => snippet.file === file)?.code;
        expect(shown, file).to.equal(`// ${file}\n${readFileSync(`examples/web/second-factor/${file}`, "utf8")}`);
      }
    });
  }
});

inTestAll("the recipes for second factors, as programs", () => {
  afterEach(endPrograms);

  it("authenticator-app: asks for a code that counts once, limits tries, and accepts recovery codes", async () => {
    const program = await startProgram("docs/recipes/authenticator-app.md");
    const browser = program.browser();
    expect((await browser.post("/login", { form: ann })).location).to.equal("/");
    expect((await browser.get("/")).status, "no factor yet").to.equal(200);
    expect((await browser.post("/recovery-codes")).location).to.equal("/second-factor");
    expect((await browser.get("/second-factor")).location).to.equal("/app");
    const secret = /<code>(\w+)</.exec((await browser.get("/app")).text)![1]!;
    expect((await browser.post("/app", { form: { code: "000000" } })).status).to.equal(422);
    // The program has a real clock. It accepts a code for 30 seconds before and after its own time.
    const [code, nextCode] = [codeOf(secret), codeOf(secret, Date.now() + STEP)];
    expect((await browser.post("/app", { form: { code } })).status).to.equal(303);
    const [first, second] = (await browser.post("/recovery-codes")).text.split("\n") as [string, string];

    const other = program.browser();
    const send = (form: Record<string, string>) => other.post("/second-factor?next=/", { form });
    expect((await other.post("/login", { form: ann })).location).to.equal("/");
    expect((await other.get("/")).location).to.equal("/second-factor?next=%2F");
    expect((await other.get("/app")).location).to.equal("/second-factor?next=%2Fapp");
    expect((await send({ code })).status, "the code of the setup").to.equal(422);
    expect((await send({ code: nextCode })).location).to.equal("/");
    expect((await other.get("/")).text).to.include("Hello, ann@example.com!");

    await other.post("/login", { form: ann });
    expect((await send({ code: nextCode })).status, "the same code").to.equal(422);
    expect((await send({ recoveryCode: first })).location).to.equal("/");
    await other.post("/login", { form: ann });
    const statuses: number[] = [];
    for (const recoveryCode of [first, "", "x", "y", "z", second]) statuses.push((await send({ recoveryCode })).status);
    expect(statuses).to.eql([422, 422, 422, 422, 422, 429]);
    expect((await program.browser().post("/second-factor", { form: { code: "1" } })).location).to.equal("/login");
  });

  it("passkeys: log in alone if they verify the user, and otherwise after the password", async () => {
    const program = await startProgram("docs/recipes/passkeys.md", "app.ts", { ORIGIN: "http://localhost:3000" });
    const post = async (client: Browser, path: string, json: object = {}) => client.post(path, { json });
    const use = async (client: Browser, authenticator: Authenticator, path: string) => {
      const options = (await post(client, `${path}/options`)).json<{ challenge: string }>();
      return post(client, path, { response: authenticator.sign(options) });
    };
    const enroll = async (person: typeof ann, verifies: boolean) => {
      const [client, passkey] = [program.client(), new Authenticator("http://localhost:3000", { verifies })];
      await post(client, "/login", person);
      const options = (await post(client, "/passkeys/options")).json<{ challenge: string }>();
      expect((await post(client, "/passkeys", { response: passkey.register(options) })).status).to.equal(200);
      expect((await client.get("/")).status).to.equal(200);
      return passkey;
    };
    const [verifying, key] = [await enroll(ann, true), await enroll(bob, false)];
    const alone = program.client();
    expect((await use(alone, verifying, "/login/passkey")).json()).to.eql({ next: "/" });
    expect((await alone.get("/")).text).to.equal("Hello, ann@example.com!");
    expect((await use(program.client(), key, "/login/passkey")).status).to.equal(422);

    const second = program.client();
    expect((await post(second, "/login", bob)).json()).to.eql({ next: "/second-factor" });
    expect((await second.get("/")).json()).to.include({ status: 401, code: "method_required" });
    expect((await post(second, "/passkeys/options")).status).to.equal(401);
    expect((await use(second, verifying, "/second-factor/passkey")).status, "Ann's passkey").to.equal(422);
    expect((await use(second, key, "/second-factor/passkey")).json()).to.eql({ next: "/" });
    expect((await second.get("/")).text).to.equal("Hello, bob@example.com!");
    expect((await post(second, "/passkeys/options")).status).to.equal(200);
    expect((await post(program.client(), "/second-factor/passkey/options")).status).to.equal(422);
  });

  it("trusted-browsers: spares the factor at a login of this user, until logins are revoked or the password changes", async () => {
    const program = await startProgram("docs/recipes/trusted-browsers.md");
    const browser = program.browser();
    const logIn = async (one: Browser, person = ann) => {
      await one.post("/login", { form: person });
      return (await one.get("/")).status;
    };
    const code = "123456";
    expect(await logIn(browser)).to.equal(302);
    expect((await browser.post("/second-factor", { form: { code: "1", trust: "on" } })).status).to.equal(422);
    expect(await browser.cookie("trusted")).to.equal(undefined);
    await browser.post("/second-factor", { form: { code, trust: "on" } });
    expect(await logIn(browser), "trusted").to.equal(200);
    expect(await logIn(browser, bob), "another user").to.equal(302);
    expect(await logIn(browser), "still trusted").to.equal(200);
    const other = program.browser();
    await other.post("/login", { form: ann });
    await other.post("/second-factor", { form: { code } });
    expect((await other.post("/log-out-others")).location).to.equal("/");
    expect(await logIn(browser), "after a revocation").to.equal(302);
    await browser.post("/second-factor", { form: { code, trust: "on" } });
    expect((await browser.post("/password", { form: { password: "14 characters!" } })).status).to.equal(422);
    const password = "another, longer one";
    expect((await browser.post("/password", { form: { password } })).location).to.equal("/");
    expect(await logIn(browser, { ...ann, password }), "after a new password").to.equal(302);
  });
});
