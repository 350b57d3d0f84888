import { expect } from "chai";
import { Token } from "../../examples/web/token.js";
import { type Answer, apiClient, Browser } from "../support/browser.js";
import { ADMIN, ANN, type Example, serveExample } from "../support/example.js";

describe("the access tokens of the example site", () => {
  let example: Example;
  let owner: Browser;

  beforeEach(async () => {
    example = await serveExample();
    owner = new Browser(example.origin);
    await owner.post("/login", { form: ANN });
  });

  afterEach(() => example.close());

  async function makeToken(visitor = owner, name = "a script"): Promise<string> {
    const { text, headers } = await visitor.post("/tokens", { form: { name } });
    expect(headers.get("cache-control")).to.equal("private, no-store");
    return /example_[\w-]{43}/.exec(text)![0];
  }

  function ask(path: string, token: string, method = "GET", json?: object): Promise<Answer> {
    return apiClient(example.origin).send(method, path, { headers: { authorization: `Bearer ${token}` }, json });
  }

  it("give access to the API as their owner, without a session or cookies", async () => {
    const answer = await ask("/api/me", await makeToken());
    expect([answer.status, answer.json<{ email: string }>().email]).to.deep.equal([200, ANN.email]);
    expect(answer.cookies).to.deep.equal([]);
    expect((await ask("/api/me", "example_wrong")).status).to.equal(401);
  });

  it("are shown once, and stored as hashes", async () => {
    const token = await makeToken();
    expect((await owner.get("/tokens")).text)
      .to.include("a script")
      .and.not.include(token);
    const kept = await example.database.getRepository(Token).find();
    expect(JSON.stringify(kept)).to.include('"name":"a script"').and.not.include(token);
    expect(kept[0]!.hash).to.match(/^[0-9a-f]{64}$/);
  });

  it("stop working when their owner revokes them, but other users cannot revoke them", async () => {
    const token = await makeToken();
    const other = new Browser(example.origin);
    await other.post("/login", { form: ADMIN });
    await other.post("/tokens/1/revoke");
    expect((await ask("/api/me", token)).status).to.equal(200);
    await owner.post("/tokens/1/revoke");
    expect((await ask("/api/me", token)).status).to.equal(401);
  });

  it("have the roles of the account, and stop working when it is switched off", async () => {
    const token = await makeToken();
    expect((await ask("/api/users", token)).status).to.equal(403);
    await example.accounts.setActive("1", false);
    expect((await ask("/api/me", token)).status).to.equal(401);
    const admin = new Browser(example.origin);
    await admin.post("/login", { form: ADMIN });
    expect((await ask("/api/users", await makeToken(admin))).status).to.equal(200);
  });

  it("are never fresh, and give no access to pages", async () => {
    const token = await makeToken();
    const refused = await ask("/api/password", token, "POST", { password: "a long new password" });
    expect(refused.json<{ code: string }>().code).to.equal("fresh_login_required");
    const page = await new Browser(example.origin).get("/tokens", { headers: { authorization: `Bearer ${token}` } });
    expect(page.location).to.equal("/login?next=%2Ftokens");
  });

  it("need a name", async () => {
    const answer = await owner.post("/tokens", { form: { name: " " } });
    expect([answer.status, answer.text.includes("Enter what the token is for.")]).to.deep.equal([422, true]);
  });
});
