import { expect } from "chai";
import { type OpenStore, openStore } from "latchkey/stores";
import { backendsHere } from "../support/backends.js";
import { only, send } from "../support/raw-client.js";
import { until } from "../support/redis-servers.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";
import { type BreakablePlace, breakables } from "../support/store-faults.js";
import { expectNoUnhandledRejections } from "../support/unhandled.js";
import { WatchedStore } from "../support/watched-store.js";

for (const { name } of await backendsHere(...Object.keys(breakables))) {
  const { start, faults } = breakables[name]!;

  describe(`a site whose store is ${name}`, () => {
    expectNoUnhandledRejections();
    let place: BreakablePlace;
    let store: OpenStore;
    before(async () => {
      place = await start();
    });
    beforeEach(async () => {
      store = await openStore(place.url);
    });
    afterEach(() => store.close());
    after(() => place.stop());

    for (const [what, { page, logout, begin }] of Object.entries(faults)) {
      it(`sends ${page} for guarded pages and ${logout} for a logout while it ${what}, and then recovers`, async () => {
        const { app } = site({ store: new WatchedStore(store), storeTimeout: "1s" });
        const origin = await serve(app);
        const statusOf = async (line: string, cookie = "") => (await send(origin, line, { cookie })).status;
        const reaches = (status: number, line: string, cookie = "") =>
          until(async () => (await statusOf(line, cookie)) === status);
        const logIn = async (line: string, json: object) => {
          for (;;) {
            const answer = await send(origin, line, { json });
            if (answer.status === 200) return answer.cookie;
          }
        };
        const ann = await logIn("POST /login/1", { remember: true });
        const bob = await logIn("POST /login/2", {});

        const mend = await begin(place);
        try {
          await reaches(page, "GET /me", bob);
          expect(await statusOf("GET /public", bob)).to.equal(200);
          expect((await send(origin, "POST /login/1")).status).to.equal(503);
          expect(await statusOf("POST /note/changed", bob)).to.equal(503);
          if (logout === 503) {
            const failed = await send(origin, "POST /logout", { cookie: ann });
            expect([failed.status, failed.headers["set-cookie"]]).to.eql([503, undefined]);
          }
          await reaches(logout, "POST /logout", ann);
        } finally {
          await mend();
        }

        await reaches(200, "GET /me", bob);
        await reaches(200, "POST /note/later", bob);
        // A server that was paused or locked may still have executed the first logout.
        await reaches(200, "POST /logout", ann);
        for (const cookie of [ann, only("sid", ann)!, only("remember", ann)!]) await reaches(401, "GET /me", cookie);
        expect(await statusOf("GET /me", await logIn("POST /login/1", {}))).to.equal(200);
      });
    }
  });
}
