import { expect } from "chai";
import { only, send } from "../support/raw-client.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";
import { WatchedStore } from "../support/watched-store.js";

describe("cookies without a name", () => {
  it("CVE-2023-23934: a nameless cookie does not work as a session or remember cookie", async () => {
    const { app, store } = site({ store: new WatchedStore() });
    const origin = await serve(app);
    const { cookie } = await send(origin, "POST /login/1", { json: { remember: true } });
    for (const name of ["sid", "remember"]) {
      const pair = only(name, cookie);
      expect((await send(origin, "GET /me", { cookie: pair })).status).to.equal(200);
      const genuine = only(name, (await send(origin, "POST /login/1", { json: { remember: true } })).cookie);
      store.calls = [];
      for (const sent of [
        `=${genuine}`,
        `==${genuine}`,
        ` =${genuine}`,
        `a; =${genuine}`,
        `""=${genuine}`,
        `;=${genuine};`,
      ]) {
        expect((await send(origin, "GET /me", { cookie: sent })).status, sent).to.equal(401);
      }
      expect(store.calls).to.eql([]);
      expect((await send(origin, "GET /me", { cookie: genuine })).status).to.equal(200);
    }
  });
});
