import { expect } from "chai";
import { MemoryStore } from "latchkey";
import { flashSite } from "../support/flash-site.js";
import { send } from "../support/raw-client.js";
import { trials } from "../support/trials.js";
import { WatchedStore } from "../support/watched-store.js";

const PAGE = { accept: "text/html" };
const REQUESTS = trials(2000, 200);

describe("requests without cookies for guarded pages", () => {
  for (const nextIn of ["query", "cookie"] as const) {
    it(`store no session and set no session cookie: ${REQUESTS} requests, next in the ${nextIn}`, async () => {
      const store = new WatchedStore(new MemoryStore());
      const { origin } = await flashSite({ store, nextIn });
      const names = new Set<string>();
      for (let n = 0; n < REQUESTS; n += 50) {
        const answers = await Promise.all(
          Array.from({ length: 50 }, (_, i) =>
            send(origin, `GET /${i % 2 ? "guarded" : "fresh"}?${n + i}`, { headers: PAGE }),
          ),
        );
        for (const { status, headers } of answers) {
          expect(status).to.equal(302);
          expect(headers["cache-control"]).to.equal("private, no-store");
          for (const cookie of headers["set-cookie"] ?? []) names.add(cookie.split("=")[0]!);
        }
      }
      expect([...names]).to.eql(["flash"]);
      expect(store.calls).to.eql([]);
    });
  }
});
