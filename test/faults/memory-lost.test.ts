import { expect } from "chai";
import { startSite } from "../support/processes.js";
import { only, send } from "../support/raw-client.js";

describe("a site whose store is memory:", () => {
  it("has lost all sessions and remembered browsers when its process was killed and started again", async () => {
    const first = await startSite("memory:");
    const { cookie } = await send(first.origin, "POST /login/1", { json: { remember: true } });
    expect((await send(first.origin, "GET /me", { cookie })).status).to.equal(200);
    await first.kill();
    const second = await startSite("memory:");
    for (const part of [cookie, only("remember", cookie)])
      expect((await send(second.origin, "GET /me", { cookie: part })).status).to.equal(401);
    await second.kill();
  });
});
