import { expect } from "chai";
import { flash, type LoginEvents, MemoryStore, takeFlashes } from "latchkey";
import { only, send } from "../support/raw-client.js";
import { recordId, storedSessions } from "../support/records.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";
import { WatchedStore } from "../support/watched-store.js";

/** Sites with the same secret and the same store, each with its own realm. */
async function realms<const R extends readonly (string | undefined)[]>(...names: R) {
  const inner = new MemoryStore();
  const sites = await Promise.all(
    names.map(async (realm) => {
      const names = { session: { name: "sid" }, remember: { name: "remember" } };
      const at = site({ store: new WatchedStore(inner), ...names, ...(realm ? { realm } : {}) });
      at.app.post("/message", async (req, res) => {
        flash(req, "for this realm");
        res.send("left");
      });
      at.app.get("/messages", (req, res) => void res.json(takeFlashes(req)));
      const origin = await serve(at.app);
      const logIn = async (id = "1") => (await send(origin, `POST /login/${id}`, { json: { remember: true } })).cookie;
      const isIn = async (cookie: string) => (await send(origin, "GET /me", { cookie })).status === 200;
      return { ...at, origin, logIn, isIn };
    }),
  );
  return { inner, sites: sites as { [K in keyof R]: (typeof sites)[number] } };
}

describe("managers with the same secret and the same store", () => {
  for (const names of [
    ["customers", "staff"],
    [undefined, "staff"],
  ] as const) {
    const [first, second] = names.map((name) => name ?? "none");

    it(`do not accept each other's cookies: realms ${first} and ${second}`, async () => {
      const { sites } = await realms(...names);
      for (const [own, other] of [sites, [...sites].reverse()] as const) {
        const cookie = await own!.logIn();
        for (const one of [cookie, only("sid", cookie), only("remember", cookie)]) {
          expect([await other!.isIn(one), await own!.isIn(only("sid", cookie))]).to.eql([false, true]);
        }
        expect(await own!.isIn(only("remember", cookie))).to.equal(true);
        const { cookie: message } = await send(own!.origin, "POST /message");
        expect((await send(other!.origin, "GET /messages", { cookie: message })).text).to.equal("[]");
        expect((await send(own!.origin, "GET /messages", { cookie: message })).text).to.include("for this realm");
      }
    });

    it(`do not list or end each other's logins of the same user id: realms ${first} and ${second}`, async () => {
      const { sites } = await realms(...names);
      const cookies = [await sites[0].logIn(), await sites[1].logIn(), await sites[1].logIn()] as const;
      const counts = async () => Promise.all(sites.map(async ({ login }) => (await login.sessions.list("1")).length));
      expect(await counts()).to.eql([1, 2]);
      expect(await sites[0].login.sessions.revokeAll("1")).to.equal(1);
      expect(await counts()).to.eql([0, 2]);
      expect([await sites[0].isIn(cookies[0]), await sites[1].isIn(cookies[1])]).to.eql([false, true]);
    });
  }

  it("stay separate even if a user id looks like an id of another realm", async () => {
    const { inner, sites } = await realms(undefined, "staff");
    const [plain, staff] = sites;
    for (const id of ["@staff@1", "@", "@@1"]) {
      plain.byId.set(id, Object.assign(Object.create(plain.ann), plain.ann, { id }));
      const cookie = await plain.logIn(encodeURIComponent(id));
      expect(await plain.isIn(cookie), id).to.equal(true);
      expect((await plain.login.sessions.list(id)).length, id).to.equal(1);
    }
    const cookie = await staff.logIn("1");
    expect(await plain.login.sessions.revokeAll("@staff@1")).to.equal(1);
    expect(await staff.isIn(cookie)).to.equal(true);
    expect((await storedSessions(inner, "@staff@1")).map(({ userId }) => userId)).to.eql(["@staff@1"]);
    expect((await storedSessions(inner, "1")).length).to.equal(0);
  });

  it("report a damaged record with the application's own user id", async () => {
    const { inner, sites } = await realms("staff");
    const [staff] = sites;
    const damaged: Array<LoginEvents["recordDamaged"]> = [];
    staff.login.on("recordDamaged", (details) => damaged.push(details));
    const cookie = await staff.logIn();
    const [{ id, ...record }] = (await storedSessions(inner, "@staff@1")) as [
      Awaited<ReturnType<typeof storedSessions>>[number],
    ];
    await inner.update(id, { ...record, data: { auth: "nothing" } });
    expect(await staff.isIn(only("sid", cookie))).to.equal(false);
    expect(damaged).to.eql([{ id, userId: "1" }]);
    expect(id).not.to.equal(recordId("session", decodeURIComponent(only("sid", cookie)).slice(6).split(".")[0]!));
  });
});
