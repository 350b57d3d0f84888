import { expect } from "chai";
import { type Answer, apiClient, type Browser } from "../support/browser.js";
import { ADMIN, ANN, type Example, serveExample } from "../support/example.js";

describe("the API of the example site", () => {
  let example: Example;
  let origin: string;

  beforeEach(async () => {
    example = await serveExample();
    origin = example.origin;
  });

  afterEach(() => example.close());

  async function apiLogin(json: object = ANN): Promise<Browser> {
    const api = apiClient(origin);
    expect((await api.post("/api/login", { json })).status).to.equal(200);
    return api;
  }

  it("signs up, logs in, returns the current user and logs out", async () => {
    const api = apiClient(origin);
    const json = { email: "bob@example.com", password: "a long new password" };
    const bob = { id: 3, email: json.email, name: "", roles: [], isActive: true };
    const signedUp = await api.post("/api/signup", { json });
    expect([signedUp.status, signedUp.json()]).to.deep.equal([201, bob]);
    expect((await api.post("/api/logout")).status).to.equal(204);
    expect((await api.post("/api/login", { json })).json()).to.deep.equal(bob);
    expect((await api.get("/api/me")).json()).to.deep.equal(bob);
  });

  it("changes the password of a fresh login, keeps that login and ends the others", async () => {
    const [api, other] = [await apiLogin({ ...ANN, remember: true }), await apiLogin()];
    await api.restart();
    const json = { password: "a long new password" };
    expectProblem(await api.post("/api/password", { json }), 403, "fresh_login_required");
    expectProblem(await api.post("/api/confirm", { json }), 403);
    expect((await api.post("/api/confirm", { json: ANN })).status).to.equal(204);
    expectProblem(await api.post("/api/password", { json: { password: "short" } }), 422);
    expect((await api.post("/api/password", { json })).status).to.equal(204);
    expect((await api.get("/api/me")).status).to.equal(200);
    expectProblem(await other.get("/api/me"), 401, "login_required");
  });

  it("sends a problem document with every refusal", async () => {
    const nobody = apiClient(origin);
    expectProblem(await nobody.get("/api/me"), 401, "login_required");
    expectProblem(await nobody.get("/api/nothing"), 404);
    expectProblem(await (await apiLogin()).get("/api/users"), 403, "role_required");
    expect((await (await apiLogin(ADMIN)).get("/api/users")).json()).to.have.length(2);
    for (const email of ["eve@example.com", { $ne: "" }, ["ann@example.com"], null]) {
      expectProblem(await nobody.post("/api/login", { json: { ...ANN, email } }), 401);
    }
    await example.accounts.setActive("1", false);
    expectProblem(await nobody.post("/api/login", { json: ANN }), 403);
    const invalid = await nobody.post("/api/signup", { json: {} });
    expectProblem(invalid, 422);
    expect(invalid.json<{ errors: object }>().errors).to.have.all.keys("email", "password");
  });
});

function expectProblem(answer: Answer, status: number, code?: string): void {
  expect(answer.status).to.equal(status);
  expect(answer.headers.get("content-type")).to.match(/^application\/problem\+json/);
  const problem = answer.json<{ status: number; code?: string }>();
  expect([problem.status, problem.code]).to.deep.equal([status, code]);
}
