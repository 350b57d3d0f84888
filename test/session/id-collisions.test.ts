import { expect } from "chai";
import { SessionExistsError } from "latchkey";
import { apiClient } from "../support/browser.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";

describe("a new session id that already exists (R-12)", () => {
  /** A site whose store reports that the first `times` new ids already exist. */
  async function takenSite(times: number) {
    const { app, store } = site();
    let left = times;
    store.before = (verb) => (verb === "create" && left-- > 0 ? Promise.reject(new SessionExistsError()) : undefined);
    return { store, client: apiClient(await serve(app)) };
  }

  it("is replaced with another id, up to two times", async () => {
    const { store, client } = await takenSite(2);
    expect((await client.post("/login/1", { json: {} })).text).to.equal("true");
    expect((await client.get("/me")).json()).to.include({ name: "Ann" });
    expect(store.calls.filter((verb) => verb === "create")).to.have.lengthOf(3);
    expect(await store.countOf("1")).to.equal(1);
  });

  it("makes the login fail the third time, and nobody is logged in", async () => {
    const { store, client } = await takenSite(3);
    const answer = await client.post("/login/1", { json: {} });
    expect([answer.status, answer.cookies]).to.deep.equal([500, []]);
    expect((await client.get("/me")).status).to.equal(401);
    expect(await store.countOf("1")).to.equal(0);
  });
});
