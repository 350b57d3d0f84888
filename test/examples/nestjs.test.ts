import { expect } from "chai";
import { backendsHere } from "../support/backends.js";
import { type Answer, apiClient, type Browser } from "../support/browser.js";
import { startRedis } from "../support/redis-servers.js";
import { type RunningExample, runExample } from "../support/running-example.js";

const ANN = { name: "Ann", password: "correct horse" };
const ROOT = { name: "Root", password: "battery staple" };
const here = await backendsHere("redis");

describe("the example nestjs.ts", () => {
  let example: RunningExample;
  beforeEach(async () => {
    example = await runExample("nestjs");
  });
  afterEach(() => example.stop());

  async function loggedIn(json: object = ANN): Promise<Browser> {
    const client = apiClient(example.origin);
    expect((await client.post("/login", { json })).status).to.equal(204);
    return client;
  }

  it("logs in, shows the current user to a handler and a service, and logs out", async () => {
    const nobody = apiClient(example.origin);
    expect((await nobody.get("/")).text).to.equal("Hello, stranger!");
    for (const json of [{ ...ANN, password: "wrong" }, { name: "Eve" }, { ...ANN, name: { $ne: "" } }, {}]) {
      expect((await nobody.post("/login", { json })).status).to.equal(401);
    }
    const ann = await loggedIn();
    expect((await ann.get("/")).text).to.equal("Hello, Ann!");
    expect((await ann.get("/account")).json()).to.deep.equal({ id: "1", name: "Ann" });
    expect((await ann.post("/logout")).status).to.equal(204);
    expectProblem(await ann.get("/account"), 401, "login_required");
  });

  it("refuses requests with latchkey's guards and problem documents, and keeps serving", async () => {
    const nobody = apiClient(example.origin);
    for (let time = 0; time < 50; time++) expectProblem(await nobody.get("/account"), 401, "login_required");
    expectProblem(await nobody.post("/account/password", { json: {} }), 401, "login_required");
    expectProblem(await nobody.get("/account/audit"), 401, "login_required");
    expectProblem(await (await loggedIn()).get("/account/audit"), 403, "role_required");
    expect((await (await loggedIn(ROOT)).get("/account/audit")).json()).to.deep.equal(["nothing happened"]);
  });

  it("ends every other login when the password changes", async () => {
    const [ann, other] = [await loggedIn(), await loggedIn()];
    for (const json of [{ password: "14 characters!" }, {}]) {
      expect((await ann.post("/account/password", { json })).status).to.equal(400);
    }
    expect((await ann.post("/account/password", { json: { password: "a new, longer one" } })).status).to.equal(204);
    expect((await ann.get("/account")).status).to.equal(200);
    expectProblem(await other.get("/account"), 401, "login_required");
    await loggedIn({ ...ANN, password: "a new, longer one" });
  });

  for (const { name } of here) {
    it(`sends 503 and no cookie from a guarded route and from a login while ${name} is down`, async () => {
      const redis = await startRedis();
      await example.stop();
      example = await runExample("nestjs", { SESSION_STORE: redis.url });
      try {
        const ann = await loggedIn();
        await redis.kill();
        for (const answer of [await ann.get("/account"), await ann.post("/login", { json: ANN })]) {
          expect([answer.status, answer.headers.get("retry-after")]).to.deep.equal([503, "5"]);
          expect(answer.json()).to.include({ statusCode: 503, code: "store_unavailable" });
          expect(answer.cookies).to.deep.equal([]);
        }
      } finally {
        await redis.stop();
      }
    });
  }
});

function expectProblem(answer: Answer, status: number, code: string): void {
  expect([answer.status, answer.json<{ code: string }>().code]).to.deep.equal([status, code]);
  expect(answer.headers.get("content-type")).to.match(/^application\/problem\+json/);
}
