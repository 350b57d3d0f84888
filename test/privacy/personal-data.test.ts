import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import Database from "better-sqlite3";
import { expect } from "chai";
import sinon from "sinon";
import { backendsHere, type Opened, SQL } from "../support/backends.js";
import { dumpOf } from "../support/dump.js";
import { Person } from "../support/people.js";
import { only, send } from "../support/raw-client.js";
import { until } from "../support/redis-servers.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";
import { WatchedStore } from "../support/watched-store.js";

const EVE = "user-eve-7f3a91";
const ADDRESS = "203.0.113.77";
const AGENT = "Privacy/1.0 (a browser of Eve)";
const HOME = { "x-forwarded-for": ADDRESS, "user-agent": AGENT };
const AWAY = { "x-forwarded-for": "203.0.113.78", "user-agent": "Privacy/2.0 (a phone of Eve)" };
const HOUR = 3_600_000;

/** A site with Ann, who stays logged in, and Eve, whose data the tests look for. */
async function siteOn({ store }: Opened, options: Parameters<typeof site>[0] = {}) {
  const at = site({ ...options, store: new WatchedStore(store) });
  at.byId.set(EVE, new Person(EVE, "Eve"));
  at.app.set("trust proxy", true);
  const origin = await serve(at.app);
  const logIn = async (id: string, headers: Record<string, string>) =>
    (await send(origin, `POST /login/${id}`, { headers, json: { remember: true } })).cookie;
  return { ...at, origin, logIn };
}

/** Logs Eve in on two devices. She restores the login on the first device, and confirms the login on the second. */
async function useTwoDevices({ origin, logIn }: Awaited<ReturnType<typeof siteOn>>): Promise<string> {
  const atHome = only("remember", await logIn(EVE, HOME));
  const restored = await send(origin, "GET /me", { headers: HOME, cookie: atHome });
  expect(restored.status).to.equal(200);
  const away = await logIn(EVE, AWAY);
  expect((await send(origin, "POST /confirm", { headers: AWAY, cookie: away })).status).to.equal(200);
  return restored.cookie;
}

/** Which of these texts does the backend contain? */
async function foundIn(opened: Opened, texts: readonly string[]): Promise<string[]> {
  const dump = JSON.stringify(await dumpOf(opened, EVE));
  return texts.filter((text) => dump.includes(text) || dump.includes(encodeURIComponent(text)));
}

const KEPT_OF_CLIENTS = [ADDRESS, AGENT, AWAY["x-forwarded-for"], AWAY["user-agent"]];
const here = await backendsHere("memory", "redis", "sqlite", "postgres", "mariadb", ...SQL);

describe("personal data in the store", () => {
  let clock: sinon.SinonFakeTimers;
  beforeEach(() => {
    clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
  });
  afterEach(() => sinon.restore());

  for (const backend of here) {
    it(`leaves nothing of a user after revokeAll and prune, and keeps other users (${backend.name})`, async () => {
      const opened = await backend.open();
      const at = await siteOn(opened);
      if (backend.name !== "redis") {
        await at.logIn(EVE, HOME); // this session expires, and is not used again
        clock.tick(26 * HOUR);
      }
      const ann = await at.logIn("1", { "user-agent": "Ann/1" });
      await useTwoDevices(at);
      expect(await foundIn(opened, [EVE, ...KEPT_OF_CLIENTS])).to.eql([EVE, ...KEPT_OF_CLIENTS]);
      await at.login.sessions.revokeAll(EVE);
      await opened.store.prune();
      expect(await foundIn(opened, [EVE, ...KEPT_OF_CLIENTS])).to.eql([]);
      expect((await send(at.origin, "GET /me", { headers: { "user-agent": "Ann/1" }, cookie: ann })).status).to.equal(
        200,
      );
      await opened.close();
    });

    it(`has neither address nor User-Agent if the option client says so (${backend.name})`, async () => {
      const opened = await backend.open();
      const at = await siteOn(opened, { client: { address: false, userAgent: false }, sessionProtection: "strong" });
      const cookie = await useTwoDevices(at);
      const guessed = createHash("sha256").update(`${ADDRESS}|${AGENT}`).digest("base64url");
      expect(await foundIn(opened, [EVE])).to.eql([EVE]);
      expect(await foundIn(opened, [...KEPT_OF_CLIENTS, guessed])).to.eql([]);
      const listed = await at.login.sessions.list(EVE);
      expect(listed.map(({ address, userAgent }) => [address, userAgent])).to.eql([
        [null, null],
        [null, null],
      ]);
      expect((await send(at.origin, "GET /me", { headers: HOME, cookie })).status).to.equal(200);
      expect((await send(at.origin, "GET /me", { headers: AWAY, cookie })).status, "strong protection").to.equal(401);
      await opened.close();
    });
  }

  it("may keep the address without the User-Agent, or the User-Agent without the address", async () => {
    for (const [client, kept] of [
      [{ address: false }, [null, AGENT]],
      [{ userAgent: false }, [ADDRESS, null]],
    ] as const) {
      const opened = await here[0]!.open();
      const at = await siteOn(opened, { client });
      await at.logIn(EVE, HOME);
      const [listed] = await at.login.sessions.list(EVE);
      expect([listed!.address, listed!.userAgent]).to.eql(kept);
      await opened.close();
    }
  });

  it("still tells two clients of a used remember cookie apart if it keeps no address", async () => {
    const opened = await here[0]!.open();
    const at = await siteOn(opened, { client: { address: false, userAgent: false } });
    const remember = only("remember", await at.logIn(EVE, HOME));
    const cookieFor = async (headers: Record<string, string>) =>
      only("remember", (await send(at.origin, "GET /me", { headers, cookie: remember })).cookie);
    const successor = await cookieFor(HOME);
    expect(successor).to.be.a("string").that.is.not.equal(remember);
    expect([await cookieFor(HOME), await cookieFor(AWAY)]).to.eql([successor, undefined]);
    await opened.close();
  });

  it("has different hashes for two logins of one client", async () => {
    const opened = await here[0]!.open();
    const at = await siteOn(opened);
    for (const id of [EVE, EVE, "1"]) await at.logIn(id, HOME);
    const logins = [...(await dumpOf(opened, EVE)), ...(await dumpOf(opened, "1"))] as Array<Array<{ data: object }>>;
    const hashes = logins.flat().map(({ data }) => (data as { auth?: { fingerprint: string } }).auth?.fingerprint);
    const kept = hashes.filter((one) => typeof one === "string");
    expect([kept.length, new Set(kept).size]).to.eql([3, 3]);
    await opened.close();
  });

  for (const backend of here.filter(({ name }) => name === "redis")) {
    it("ends the Redis index of a user whose session has expired, at a time that is set beforehand", async () => {
      sinon.restore();
      const opened = await backend.open();
      const at = await siteOn(opened, { idleTimeout: "1s" });
      await send(at.origin, `POST /login/${EVE}`, { json: {} });
      const ask = (command: string, key: string) =>
        opened.client!.eval(`return redis.call('${command}', KEYS[1])`, { keys: [key], arguments: [] });
      const records = `${opened.prefix}record:*`;
      await until(async () => ((await ask("KEYS", records)) as string[]).length === 0);
      await at.login.sessions.revokeAll(EVE);
      const [index] = (await ask("KEYS", `${opened.prefix}user:session:*`)) as string[];
      expect(index).to.include(EVE);
      expect(Number(await ask("PTTL", index!))).to.be.within(1, 2 * HOUR + 1000);
      await opened.close();
    });
  }

  for (const backend of here.filter(({ name }) => name === "sql on better-sqlite3")) {
    it("leaves nothing of a user in a SQLite file after VACUUM", async () => {
      const opened = await backend.open();
      const at = await siteOn(opened);
      await useTwoDevices(at);
      const [row] = await opened.query!("SELECT file FROM pragma_database_list");
      const file = String(row!.file);
      const vacuum = () => {
        const db = new Database(file);
        db.exec("VACUUM");
        db.pragma("wal_checkpoint(TRUNCATE)");
        db.close();
        return readFileSync(file, "latin1") + readFileSync(`${file}-wal`, "latin1");
      };
      const found = (bytes: string) => [EVE, ...KEPT_OF_CLIENTS].filter((text) => bytes.includes(text));
      expect(found(vacuum())).to.eql([EVE, ...KEPT_OF_CLIENTS]);
      await at.login.sessions.revokeAll(EVE);
      await opened.store.prune();
      expect(found(vacuum())).to.eql([]);
      await opened.close();
    });
  }
});
