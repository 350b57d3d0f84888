import { createHmac } from "node:crypto";
import { expect } from "chai";
import sinon from "sinon";
import { backendsHere, SQL } from "../support/backends.js";
import { SECRET } from "../support/people.js";
import { countTrials, send } from "../support/raw-client.js";
import { recordId, storedSessions } from "../support/records.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";
import { trials } from "../support/trials.js";
import { WatchedStore } from "../support/watched-store.js";

const GUESSES = trials(10_000, 2000, 400);

/** A cookie with this id, signed in the same way as on the site. */
function signed(id: string): string {
  const signature = createHmac("sha256", SECRET).update(id).digest("base64").replace(/=+$/, "");
  return `sid=${encodeURIComponent(`s:${id}.${signature}`)}`;
}

describe("a session id that an attacker knows", () => {
  afterEach(() => sinon.restore());

  it("is signed by this test in the same way as on the site", async () => {
    const origin = await serve(site().app);
    const { cookie } = await send(origin, "POST /login/1");
    const [, id] = /^sid=s%3A(.{32})\./.exec(cookie)!;
    expect(signed(id!)).to.equal(cookie);
  });

  const TIMES = trials(1000, 200, 40);
  for (const verb of ["login", "confirm"]) {
    it(`ASVS 7.2.4: is not valid after a ${verb}: 0 of ${TIMES} times (CVE-2022-25896, CVE-2023-29019)`, async () => {
      const origin = await serve(site().app);
      const opened: string[] = [];
      const right = await countTrials(TIMES, async () => {
        const known = (await send(origin, verb === "confirm" ? "POST /login/1" : "POST /note/trap")).cookie;
        const { status, cookie } = await send(origin, verb === "login" ? "POST /login/1" : "POST /confirm", {
          cookie: known,
        });
        if ((await send(origin, "GET /me", { cookie: known })).status !== 401) opened.push(known);
        return status === 200 && cookie !== known && (await send(origin, "GET /me", { cookie })).status === 200;
      });
      expect([opened, right]).to.eql([[], TIMES]);
    });
  }

  it(`is not accepted if it is not in the store: 0 of ${GUESSES} times (CVE-2015-5143, CVE-2024-38513)`, async () => {
    const { app, store } = site();
    const origin = await serve(app);
    const quiet = await countTrials(GUESSES, async (n) => {
      const cookie = signed(`chosen by an attacker ${String(n).padStart(10, "0")}`);
      const { status, headers } = await send(origin, n % 2 ? "GET /me" : "GET /note", { cookie });
      return status === (n % 2 ? 401 : 200) && headers["set-cookie"] === undefined;
    });
    expect(quiet).to.equal(GUESSES);
    expect(new Set(store.calls)).to.eql(new Set(["read"]));

    const create = sinon.spy(store, "create");
    for (let n = 0; n < 100; n++) {
      const id = `chosen by an attacker ${String(n).padStart(10, "0")}`;
      for (const line of ["POST /note/x", "POST /login/1"]) {
        const { cookie } = await send(origin, line, { cookie: signed(id) });
        expect(cookie)
          .to.match(/^sid=s%3A/)
          .and.not.include(encodeURIComponent(id));
      }
      expect(create.args.map(([given]) => given)).not.to.include(recordId("session", id));
    }
    expect(create.callCount).to.equal(200);
  });
});

for (const { name, open } of await backendsHere("memory", "redis", "sqlite", "postgres", ...SQL)) {
  describe(`a session on ${name}`, () => {
    it("loses the first user's data when another user logs in, with or without a logout", async () => {
      const opened = await open();
      try {
        const origin = await serve(site({ store: new WatchedStore(opened.store), storeTimeout: "30s" }).app);
        for (const out of [false, true]) {
          const first = (await send(origin, "POST /login/1")).cookie;
          await send(origin, "POST /note/of-ann", { cookie: first });
          expect((await send(origin, "GET /note", { cookie: first })).text).to.equal('"of-ann"');
          const between = out ? (await send(origin, "POST /logout", { cookie: first })).cookie || first : first;
          const second = (await send(origin, "POST /login/2", { cookie: between })).cookie;
          expect((await send(origin, "GET /note", { cookie: second })).text).to.equal("null");
          expect((await send(origin, "GET /note", { cookie: first })).text).to.equal("null");
        }
        const records = [...(await storedSessions(opened.store, "1")), ...(await storedSessions(opened.store, "2"))];
        expect(JSON.stringify(records)).not.to.include("of-ann");
      } finally {
        await opened.close();
      }
    });
  });
}
