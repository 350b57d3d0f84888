import { expect } from "chai";
import { type Answer, apiClient, type Browser } from "../support/browser.js";
import { type RunningExample, runExample } from "../support/running-example.js";

const ANN = { name: "Ann", password: "correct horse" };

describe("the example api.ts", () => {
  let example: RunningExample;
  let browser: Browser;
  before(async () => {
    example = await runExample("api");
  });
  after(() => example.stop());
  beforeEach(async () => {
    browser = apiClient(example.origin);
    expect((await browser.post("/login", { json: ANN })).status).to.equal(204);
  });

  const program = (authorization?: string, line = "GET /me"): Promise<Answer> => {
    const [method, path] = line.split(" ") as [string, string];
    return apiClient(example.origin).send(method, path, authorization ? { headers: { authorization } } : {});
  };
  const issue = async () => (await browser.post("/tokens")).json<{ id: string; token: string }>();

  it("accepts a session or a token, and creates no session for a token", async () => {
    expect((await browser.get("/me")).json()).to.deep.equal({ id: "1", name: "Ann" });
    const { token } = await issue();
    for (const scheme of ["Bearer", "bearer"]) {
      const answer = await program(`${scheme} ${token}`);
      expect([answer.status, answer.json(), answer.cookies]).to.deep.equal([200, { id: "1", name: "Ann" }, []]);
      expect(answer.headers.get("cache-control")).to.equal("private, no-store");
    }
  });

  it("sends a 401 problem document for a missing or invalid token and for wrong credentials", async () => {
    const { id, token } = await issue();
    const wrong = [
      undefined,
      "Bearer",
      `Bearer ${id}`,
      `Bearer ${id}.`,
      `Bearer ${token}x`,
      `Bearer ${token.slice(0, -2)}`,
      `Bearer x${token}`,
      `Bearer constructor.${token.split(".")[1]}`,
      `Basic ${token}`,
      `Bearer ${token} ${token}`,
    ];
    for (const authorization of wrong) {
      const answer = await program(authorization);
      expect(answer.status, authorization).to.equal(401);
      expect(answer.headers.get("content-type")).to.match(/^application\/problem\+json/);
      expect(answer.json()).to.include({ status: 401, code: "login_required" });
    }
    for (const json of [{ ...ANN, password: "wrong" }, { name: "Eve" }, {}]) {
      const answer = await apiClient(example.origin).post("/login", { json });
      expect([answer.status, answer.json<{ code: string }>().code]).to.deep.equal([401, "login_required"]);
    }
  });

  it("revokes a token immediately, and keeps other tokens after a logout", async () => {
    const [one, two] = [await issue(), await issue()];
    expect((await browser.send("DELETE", `/tokens/${one.id}`)).status).to.equal(204);
    expect((await program(`Bearer ${one.token}`)).status).to.equal(401);
    expect((await browser.post("/logout")).status).to.equal(204);
    expect((await browser.get("/me")).status).to.equal(401);
    expect((await program(`Bearer ${two.token}`)).status).to.equal(200);
    expect((await program(`Bearer ${two.token}`, `DELETE /tokens/${two.id}`)).status).to.equal(204);
    expect((await program(`Bearer ${two.token}`)).status).to.equal(401);
  });

  it("creates a token only for a fresh login, never for a request with a token", async () => {
    const { token } = await issue();
    const answer = await program(`Bearer ${token}`, "POST /tokens");
    expect([answer.status, answer.json<{ code: string }>().code]).to.deep.equal([403, "fresh_login_required"]);
    expect((await program(undefined, "POST /tokens")).status).to.equal(401);
  });
});
