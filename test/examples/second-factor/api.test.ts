import { expect } from "chai";
import sinon from "sinon";
import { apiClient } from "../../support/browser.js";
import { ANN, codeOf, type SecondFactorSite, serveSecondFactor } from "../../support/second-factor.js";

describe("a second factor in the API of the example site", () => {
  let site: SecondFactorSite;

  beforeEach(async () => {
    sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
    site = await serveSecondFactor();
  });

  afterEach(() => sinon.restore());

  it("completes a login: the password alone gives access to nothing", async () => {
    const { secret } = await site.withApp();
    const api = apiClient(site.origin);
    expect((await api.post("/api/second-factor", { json: { code: codeOf(secret) } })).json()).to.include({
      code: "login_required",
    });
    const halfway = await api.post("/api/login", { json: ANN });
    expect(halfway.json()).to.include({ status: 401, code: "method_required" });
    expect((await api.get("/api/me")).json()).to.include({ status: 401, code: "method_required" });
    expect((await api.post("/api/second-factor", { json: { code: "000000" } })).status).to.equal(422);
    const answer = await api.post("/api/second-factor", { json: { code: codeOf(secret) } });
    expect([answer.status, answer.json<{ email: string }>().email]).to.deep.equal([200, ANN.email]);
    expect((await api.get("/api/me")).status).to.equal(200);
  });

  it("limits tries", async () => {
    await site.withApp();
    const api = apiClient(site.origin);
    await api.post("/api/login", { json: ANN });
    const statuses: number[] = [];
    for (let time = 1; time <= 6; time++) {
      statuses.push((await api.post("/api/second-factor", { json: { code: "000000" } })).status);
    }
    expect(statuses).to.deep.equal([422, 422, 422, 422, 422, 429]);
  });

  it("is asked for again before a new password", async () => {
    const { secret } = await site.withApp();
    const api = apiClient(site.origin);
    await api.post("/api/login", { json: ANN });
    await api.post("/api/second-factor", { json: { code: codeOf(secret) } });
    sinon.clock.tick(10 * 60_000 + 1);
    const json = { password: "a long new password" };
    expect((await api.post("/api/password", { json })).json()).to.include({ status: 403, code: "method_required" });
    await api.post("/api/second-factor", { json: { code: codeOf(secret) } });
    expect((await api.post("/api/password", { json })).status).to.equal(204);
  });
});
