import { expect } from "chai";
import { apiClient } from "../support/browser.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";

describe("a login whose store responds too late", () => {
  it("fails, and leaves no session when the store creates one later", async () => {
    const { app, store } = site({ storeTimeout: "50ms" });
    const client = apiClient(await serve(app));
    let release = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const ended = new Promise<void>((resolve) => {
      store.before = (verb) => {
        if (verb === "create") return released;
        if (verb === "destroy" && store.calls.includes("create")) setImmediate(resolve);
        return undefined;
      };
    });
    const answer = await client.post("/login/1", { json: {} });
    expect([answer.status, answer.cookies]).to.deep.equal([503, []]);
    release();
    await ended;
    expect(await store.countOf("1")).to.equal(0);
    expect(store.calls.slice(-2)).to.deep.equal(["create", "destroy"]);
  });
});
