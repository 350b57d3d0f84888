import { expect } from "chai";
import { impersonate } from "latchkey/impersonation";
import type { OpenStore } from "latchkey/stores";
import { afterTest } from "../support/after-test.js";
import { backendsHere } from "../support/backends.js";
import { Browser } from "../support/browser.js";
import { latchkey, latchkeyOn } from "../support/command.js";
import { DEVICE, deviceSite, REMEMBER, SID } from "../support/device-site.js";
import { openedStore } from "../support/opened-store.js";
import { places } from "../support/processes.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";
import { WatchedStore } from "../support/watched-store.js";

interface Listed {
  user: string;
  realm: string;
  logins: Array<{
    id: string;
    createdAt: string;
    remembered: boolean;
    deviceBound: boolean;
    boundAt: string | null;
    label: string | null;
    userAgent: string;
  }>;
  damaged: number;
}

for (const { name } of await backendsHere("redis", "sqlite", "postgres", "mariadb")) {
  describe(`the command latchkey, on ${name}`, () => {
    let url: string;
    let store: OpenStore;

    beforeEach(async () => {
      const place = await places[name]!();
      url = `${place.url}?timeout=1m`;
      afterTest(place.remove);
      store = await openedStore(url);
    });

    /** Starts an application with the store. Returns a function that logs a user in with a new browser. */
    const application = async (realm?: string) => {
      const { app } = site({ store: new WatchedStore(store), ...(realm === undefined ? {} : { realm }) });
      const origin = await serve(app);
      return async (user: string, device: string, options: object = {}) => {
        const browser = new Browser(origin, { accept: "application/json", "user-agent": device });
        expect((await browser.post(`/login/${user}`, { json: options })).text).to.equal("true");
        return browser;
      };
    };
    const isIn = async (browser: Browser) => (await browser.get("/me")).status === 200;
    const listed = async (...args: string[]) => {
      const { code, stdout, stderr } = await latchkeyOn(url, "sessions", "--json", ...args);
      expect({ code, stderr }).to.eql({ code: 0, stderr: "" });
      return JSON.parse(stdout) as Listed;
    };

    it("lists who acts as a user, and ends both logins", async () => {
      const { app, byId } = site({ store: new WatchedStore(store) });
      app.post("/as/:id", (req, res, next) => {
        impersonate(req, byId.get(req.params.id)!).then(() => res.json(true), next);
      });
      const browser = new Browser(await serve(app), { accept: "application/json" });
      await browser.post("/login/1", { json: {} });
      await browser.post("/as/2");
      const [of] = (await listed("--user", "2")).logins;
      expect(of).to.include({ impersonator: "1", address: null, userAgent: null });
      expect((await listed("--user", "1")).logins[0]).to.include({ impersonating: "2" });
      const { stdout } = await latchkeyOn(url, "sessions", "--user", "2");
      expect(stdout).to.include("(1 acts as this user)");
      await latchkeyOn(url, "revoke", of!.id, "--user", "2");
      expect(await isIn(browser)).to.equal(false);
      expect((await listed("--user", "1")).logins).to.eql([]);
    });

    it("lists the logins of a user, and ends one of them with its remembered browser", async () => {
      const logIn = await application();
      const laptop = await logIn("1", "Laptop");
      const phone = await logIn("1", "Phone", { remember: true, label: "Ann's \u200ephone" });
      const other = await logIn("2", "Other");

      const { logins, ...rest } = await listed("--user", "1");
      expect(rest).to.eql({ user: "1", realm: "", damaged: 0 });
      expect(logins.map(({ userAgent, remembered }) => [userAgent, remembered])).to.have.deep.members([
        ["Laptop", false],
        ["Phone", true],
      ]);
      const login = logins.find(({ userAgent }) => userAgent === "Phone")!;
      expect(logins.map(({ label }) => label)).to.have.members([null, "Ann's \u200ephone"]);
      expect((await latchkeyOn(url, "sessions", "--user", "1")).stdout).to.match(/ {2}Ann's \\u200ephone +Phone$/m);
      expect(Object.keys(login).join()).to.equal(
        "id,createdAt,lastSeenAt,expiresAt,remembered,deviceBound,boundAt,address,label,userAgent",
      );
      expect(new Date(login.createdAt).toISOString()).to.equal(login.createdAt);
      const secrets = await Promise.all([phone.cookie("sid"), phone.cookie("remember")]);
      for (const secret of secrets) expect(JSON.stringify(logins)).not.to.include(secret!.slice(0, 20));

      const revoke = () => latchkeyOn(url, "revoke", login.id, "--user", "1");
      expect(await latchkeyOn(url, "revoke", login.id, "--user", "2")).to.include({ code: 1 });
      expect(await isIn(phone)).to.equal(true);
      expect(await revoke()).to.eql({ code: 0, stdout: `Ended the login ${login.id}.\n`, stderr: "" });
      expect(await isIn(phone)).to.equal(false);
      await phone.restart();
      expect(await isIn(phone), "the remember cookie").to.equal(false);
      expect(await isIn(laptop)).to.equal(true);
      expect(await isIn(other)).to.equal(true);
      expect(await revoke()).to.eql({ code: 1, stdout: `User 1 has no login ${login.id}.\n`, stderr: "" });
    });

    it("shows which logins are bound to a device, prints no key, and ends them", async () => {
      const at = await deviceSite({ store: new WatchedStore(store) });
      const [browser, other] = [await at.bound({ remember: true }), await at.bound({})];
      const plain = at.newBrowser();
      plain.registers = false;
      await plain.post("/login/1", { json: {} });
      const { logins } = await listed("--user", "1");
      expect(logins.map(({ deviceBound, remembered }) => [deviceBound, remembered])).to.have.deep.members([
        [true, true],
        [true, false],
        [false, false],
      ]);
      for (const { deviceBound, boundAt } of logins) {
        if (deviceBound) expect(new Date(boundAt!).toISOString()).to.equal(boundAt);
        else expect(boundAt).to.equal(null);
      }
      const table = (await latchkeyOn(url, "sessions", "--user", "1")).stdout;
      expect(table).to.match(/ REMEMBERED {2}BOUND {2}ADDRESS /);
      expect(table.match(/Z {2}yes {9}yes {4}/g)).to.have.length(1);
      expect(table.match(/Z {2}no {10}yes {4}/g)).to.have.length(1);

      const secrets = [SID, REMEMBER, DEVICE].map((name) => browser.cookie(name));
      const hidden = (await Promise.all(secrets)).map((value) => value!.slice(0, 20));
      for (const kind of ["session", "browser"]) {
        const { records } = await store.listByUser("1", { kind, limit: 9 });
        for (const { id, data } of records) {
          const { device } = (data.auth ?? data.login ?? {}) as {
            device?: { id: string; key: { x: string; y: string } };
          };
          hidden.push(id, ...(device ? [device.id, device.key.x, device.key.y] : []));
        }
      }
      expect(hidden).to.have.length.above(12);
      const revoked = await latchkeyOn(url, "revoke", logins.find(({ remembered }) => remembered)!.id, "--user", "1");
      const doctor = await latchkeyOn(url, "doctor", "--json");
      const count = await latchkeyOn(url, "count", "--user", "1", "--json");
      expect((await browser.get("/me")).status).to.equal(401);
      await browser.restart();
      expect((await browser.get("/me")).status).to.equal(401);
      expect((await other.get("/me")).status).to.equal(200);
      const ended = await latchkeyOn(url, "revoke-all", "--user", "1", "--json");
      expect(JSON.parse(ended.stdout).ended).to.equal(2);
      expect((await other.get("/me")).status).to.equal(401);
      const printed = [
        JSON.stringify(logins),
        table,
        ...[revoked, doctor, count, ended].map((run) => run.stdout + run.stderr),
      ];
      for (const secret of hidden) expect(printed.join()).not.to.include(secret);
    });

    it("ends all logins of a user in one realm, but not those of the same user id in another realm", async () => {
      const [customer, staff] = await Promise.all([application(), application("staff")]);
      const browsers = [await customer("1", "A"), await customer("1", "B", { remember: true })];
      const colleague = await staff("1", "C", { remember: true });
      expect((await listed("--user", "1")).logins).to.have.length(2);
      expect((await listed("--user", "1", "--realm", "staff")).logins).to.have.length(1);
      expect((await listed("--user", "@staff@1")).logins).to.eql([]);

      const { code, stdout } = await latchkeyOn(url, "revoke-all", "--user", "1", "--json");
      expect(code).to.equal(0);
      const { logins, ...rest } = JSON.parse(stdout);
      expect(rest).to.eql({ user: "1", realm: "", ended: 2, damaged: 0 });
      expect(new Set(logins)).to.have.property("size", 2);
      for (const browser of browsers) expect(await isIn(browser)).to.equal(false);
      expect(await isIn(colleague)).to.equal(true);

      const again = { code: 1, stdout: "User 1 has no logins.\n", stderr: "" };
      expect(await latchkeyOn(url, "revoke-all", "--user", "1")).to.eql(again);
      const staffed = await latchkeyOn(url, "revoke-all", "--user", "1", "--realm", "staff");
      expect(staffed).to.eql({ code: 0, stdout: "Ended 1 login.\n", stderr: "" });
      expect(await isIn(colleague)).to.equal(false);
    });

    it("counts and ends all 601 logins of a user, which fill several pages", async () => {
      const logIn = await application();
      const browser = await logIn("1", "Laptop");
      const page = await store.listByUser("1", { kind: "session", limit: 1 });
      const { id: _, ...record } = page.records[0]!;
      for (let i = 0; i < 600; i++) {
        const auth = { ...(record.data.auth as object), loginId: `login-${i}` };
        await store.create(`copy-${i}`, { ...record, data: { ...record.data, auth }, revision: 0 });
      }
      expect(await latchkeyOn(url, "count", "--user", "1")).to.eql({ code: 0, stdout: "601\n", stderr: "" });
      const ended = await latchkeyOn(url, "revoke-all", "--user", "1");
      expect(ended).to.eql({ code: 0, stdout: "Ended 601 logins.\n", stderr: "" });
      expect(await isIn(browser)).to.equal(false);
      const { stdout } = await latchkeyOn(url, "count", "--user", "1", "--json");
      expect(JSON.parse(stdout)).to.eql({ user: "1", realm: "", count: 0 });
    });

    it("deletes expired records, and at most as many as --limit allows", async () => {
      const long = Date.now() - 7_200_000;
      const record = { kind: "session", userId: "1", data: {}, createdAt: long, lastSeenAt: long, revision: 0 };
      for (let i = 0; i < 5; i++) await store.create(`expired-${i}`, { ...record, expiresAt: long });
      await store.create("alive", { ...record, expiresAt: Date.now() + 3_600_000 });
      const deleted = async (...args: string[]) => (await latchkeyOn(url, "prune", ...args)).stdout;
      const isRedis = name === "redis"; // Redis deletes expired records by itself
      const text = (count: number) => `Deleted ${isRedis ? 0 : count} expired ${count === 1 ? "record" : "records"}.\n`;
      expect(await deleted("--limit", "2")).to.equal(text(2));
      expect(JSON.parse(await deleted("--json"))).to.eql({ deleted: isRedis ? 0 : 3 });
      expect(await store.read("alive")).to.include({ userId: "1" });
    });

    it("finds no problem in a healthy store, and leaves no record behind", async () => {
      const { code, stdout, stderr } = await latchkeyOn(url, "doctor", "--json");
      expect({ code, stderr }).to.eql({ code: 0, stderr: "" });
      const { ok, checks } = JSON.parse(stdout) as { ok: boolean; checks: Array<{ check: string; status: string }> };
      expect(ok).to.equal(true);
      const tables = name === "redis" ? [] : ["table", "indexes"];
      const more = { redis: ["eviction", "clock"], sqlite: [] as string[], postgres: ["clock"], mariadb: ["clock"] };
      const names = ["store", ...tables, "latency", "rights", ...more[name as keyof typeof more]];
      expect(checks.map(({ check }) => check)).to.eql(names);
      const { records } = await store.listByUser("@@@doctor", { kind: "doctor", limit: 10 });
      expect(records).to.eql([]);
    });
  });
}

describe("the command latchkey, on a store with unsafe characters and a damaged record", () => {
  it("escapes control characters of a User-Agent, and reports how many records it cannot read", async () => {
    const { url, remove } = await places.sqlite!();
    afterTest(remove);
    const store = await openedStore(url);
    const device = "Mozilla\u009b31m \u202Eevil\n";
    const { app } = site({ store: new WatchedStore(store) });
    const browser = new Browser(await serve(app), { accept: "application/json" });
    await browser.post("/login/1", { json: {} });
    const { records } = await store.listByUser("1", { kind: "session", limit: 1 });
    const { id, ...record } = records[0]!;
    const auth = { ...(record.data.auth as object), userAgent: device };
    await store.update(id, { ...record, data: { auth } });
    await store.create("damaged", { ...record, data: { auth: {} }, revision: 0 });

    const text = (await latchkeyOn(url, "sessions", "--user", "1")).stdout;
    expect(text)
      .to.include("Mozilla\\u009b31m \\u202eevil\\u000a")
      .and.not.match(/[\u009b\u202e]/);
    expect(text).to.match(/\n1 more cannot be read; revoke-all ends them too\.\n$/);
    const json = (await latchkeyOn(url, "sessions", "--user", "1", "--json")).stdout;
    expect(json).not.to.match(/[\u009b\u202e]/);
    expect(JSON.parse(json).logins[0].userAgent).to.equal(device);
    const ended = await latchkey(["revoke-all", "--user", "1", "--store", url]);
    expect(ended.stdout).to.equal("Ended 1 login, and 1 that could not be read.\n");
  });
});
