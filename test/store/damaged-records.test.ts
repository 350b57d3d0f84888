import { expect } from "chai";
import { type SessionData, MemoryStore as TheirStore } from "express-session";
import type { LoginEvents, SessionStore } from "latchkey";
import { ExpressSessionStore } from "latchkey/stores/express-session";
import { backendsHere, type Opened, SQL } from "../support/backends.js";
import { only, send, sidIn } from "../support/raw-client.js";
import { recordId, storedBrowsers } from "../support/records.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";
import { soaking } from "../support/trials.js";
import { WatchedStore } from "../support/watched-store.js";

type Data = Record<string, unknown>;

/** Ways to damage the data of a record. Each function returns the damaged text. */
const DAMAGE: Record<string, (text: string) => string> = {
  "cut off": (text) => text.slice(0, text.length / 2),
  empty: () => "",
  null: () => "null",
  "an array": () => "[]",
  "a string": () => '"text"',
  "without the properties of latchkey": () => '{"note":"kept"}',
  ...changed("without a login", (data) => Object.assign(data, "auth" in data ? { auth: null } : { loginId: null })),
  ...changed("with a login of wrong types", (data) =>
    Object.assign(
      data,
      { loginId: 5, duration: "long" },
      "auth" in data && { auth: { ...(data.auth as object), loginId: [] } },
    ),
  ),
  ...changed("of a format that this version does not know", (data) => Object.assign(placeOfFormat(data), { v: 2 })),
  ...changed("without the version of its format", (data) => Object.assign(placeOfFormat(data), { v: undefined })),
  ...changed("with methods of wrong types", (data) =>
    Object.assign(
      data,
      "auth" in data
        ? { auth: { ...(data.auth as object), methods: { otp: "now" } } }
        : { login: { earlierMethods: "otp" } },
    ),
  ),
  ...changed("with a login that is a string", (data) =>
    Object.assign(data, "auth" in data ? { auth: "ann" } : { stamp: 1 }),
  ),
};
/** Damage that only a session can have. */
const OF_SESSIONS: typeof DAMAGE = changed("with the login of another user", (data) =>
  Object.assign(data, { auth: { ...(data.auth as object), userId: "2" } }),
);

/** The version of the format is in the login of a session, and in the data of a browser. */
function placeOfFormat(data: Data): object {
  return (data.auth as object | undefined) ?? data;
}

function changed(what: string, change: (data: Data) => unknown): typeof DAMAGE {
  return { [what]: (text) => JSON.stringify(change(JSON.parse(text) as Data)) };
}

interface Place {
  name: string;
  open(): Promise<{ store: SessionStore; damage: Damaging; close(): Promise<unknown> }>;
}
type Damaging = (id: string, change: (text: string) => string) => Promise<void>;

/** Returns the data of a record as JSON. */
async function jsonOf(store: SessionStore, id: string): Promise<string> {
  return JSON.stringify((await store.read(id))!.data);
}

/** Damages a row. */
function inTable({ store, query, table }: Opened): Damaging {
  return async (id, change) => {
    const text = change(await jsonOf(store, id));
    const sql = `UPDATE ${table} SET data = ${literal(text)} WHERE id = ${literal(id)}`;
    await query!(sql);
  };
}

function literal(text: string): string {
  expect(text, "needs no escape").not.to.match(/['\\]/);
  return `'${text}'`;
}

/** Damages a value in Redis. */
function inRedis({ store, client, prefix }: Opened): Damaging {
  const plain = client as unknown as Record<"get" | "set", (...args: unknown[]) => Promise<string>>;
  return async (id, change) => {
    const key = `${prefix}record:${id}`;
    const value = await plain.get(key);
    const start = value.lastIndexOf("\n") + 1;
    await plain.set(key, value.slice(0, start) + change(await jsonOf(store, id)));
  };
}

/** Damages the records that a store returns. If the damaged text is not JSON, the data is undefined. */
function inPlace(store: SessionStore): Damaging {
  const wrecked = new Map<string, unknown>();
  const wreck = <R extends { data: object }>(id: string, record: R): R =>
    wrecked.has(id) ? { ...record, data: wrecked.get(id) as never } : record;
  const { read, listByUser } = store;
  store.read = async (id) => {
    const record = await read.call(store, id);
    return record && wreck(id, record);
  };
  store.listByUser = async (userId, options) => {
    const page = await listByUser.call(store, userId, options);
    return { ...page, records: page.records.map((record) => wreck(record.id, record)) };
  };
  return async (id, change) => {
    const text = change(await jsonOf(store, id));
    wrecked.set(id, isParsed(text) ? JSON.parse(text) : undefined);
  };
}

function isParsed(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Returns every kind of damage on fast backends, and three kinds on the others: invalid JSON, a missing login and a newer format. */
function damagesOn(name: string, all: typeof DAMAGE): Array<[string, (text: string) => string]> {
  const isFast = soaking || name === "memory" || name === "redis";
  const few = ["cut off", "without a login", "of a format that this version does not know"];
  return Object.entries(all).filter(([what]) => isFast || few.includes(what));
}

const backends = await backendsHere("memory", "redis", "sqlite", "postgres", "mariadb", ...SQL);
const places: Place[] = backends.map(({ name, open }) => ({
  name,
  async open() {
    const opened = await open();
    const damage = opened.client ? inRedis(opened) : opened.query ? inTable(opened) : inPlace(opened.store);
    return { store: opened.store, damage, close: opened.close };
  },
}));

/** A site where Ann is logged in with two browsers. The tests damage the records of the second one. */
async function twoBrowsers(store: SessionStore) {
  const at = site({ store: new WatchedStore(store) });
  const damaged: Array<LoginEvents["recordDamaged"]> = [];
  const failed: unknown[] = [];
  at.login.on("recordDamaged", (details) => damaged.push(details));
  at.login.on("storeFailed", (details) => failed.push(details));
  at.app.get("/list", async (_req, res) => void res.json(await at.login.sessions.list("1")));
  at.app.post("/others", async (_req, res) => {
    res.json(await at.login.sessions.revokeAll("1", { exceptCurrent: true }));
  });
  at.app.post("/all", async (_req, res) => void res.json(await at.login.sessions.revokeAll("1")));
  const origin = await serve(at.app);
  const logIn = async () => (await send(origin, "POST /login/1", { json: { remember: true } })).cookie;
  const [mine, other] = [await logIn(), await logIn()];
  const ask = async (line: string, cookie = mine) => {
    const { status, text } = await send(origin, line, { cookie });
    return [status, text.startsWith("{") || text.startsWith("[") ? JSON.parse(text) : text] as const;
  };
  return { ...at, origin, mine, other, ask, damaged, failed, logIn };
}

const idOf = (cookie: string) => recordId("session", sidIn(only("sid", cookie)));

describe("a record that cannot be read", () => {
  for (const { name, open } of places) {
    for (const [what, change] of damagesOn(name, { ...DAMAGE, ...OF_SESSIONS })) {
      it(`on ${name}, a session whose data is ${what} has no login, and its user's other logins work`, async () => {
        const { store, damage, close } = await open();
        try {
          const { other, ask, damaged, failed, origin, logIn } = await twoBrowsers(store);
          const id = idOf(other);
          await damage(id, change);

          expect((await ask("GET /public", other))[0]).to.equal(200);
          expect((await ask("GET /note", other))[0]).to.equal(200);
          const session = only("sid", other);
          expect((await ask("GET /me", session))[0]).to.equal(401);
          expect(damaged).to.deep.include({ id, userId: damaged[0]?.userId ?? null });
          expect((await ask("GET /me"))[0]).to.equal(200);
          expect((await ask("GET /list"))[0]).to.equal(200);
          const third = await logIn();
          expect((await ask("GET /me", third))[0]).to.equal(200);
          expect((await ask("POST /logout", third))[0]).to.equal(200);
          expect((await ask("POST /others"))[0]).to.equal(200);
          expect((await store.destroy(id))?.kind, "it is ended with the others").to.be.oneOf([undefined, "ended"]);
          expect((await ask("GET /me"))[0]).to.equal(200);
          expect((await ask("POST /all"))[0]).to.equal(200);
          expect((await ask("GET /me"))[0]).to.equal(401);
          expect((await send(origin, "POST /logout", { cookie: session })).status).to.equal(200);
          expect(failed).to.eql([]);
        } finally {
          await close();
        }
      });
    }
  }

  for (const { name, open } of places) {
    for (const [what, change] of damagesOn(name, DAMAGE)) {
      it(`on ${name}, a browser whose data is ${what} restores nothing, and its user's other logins work`, async () => {
        const { store, damage, close } = await open();
        try {
          const { other, ask, damaged, failed } = await twoBrowsers(store);
          const browsers = await storedBrowsers(store, "1");
          const token = other.split("; ").find((one) => !one.startsWith("sid="))!;
          const id = recordId("browser", decodeURIComponent(token).split(".")[1]!);
          expect(browsers.map((browser) => browser.id)).to.include(id);
          await damage(id, change);

          expect((await ask("GET /me", token))[0]).to.equal(401);
          expect(damaged.map((one) => one.id)).to.include(id);
          expect((await ask("GET /me"))[0]).to.equal(200);
          expect((await ask("GET /list"))[1]).to.have.length(2);
          expect((await ask("POST /others"))[0]).to.equal(200);
          expect((await store.destroy(id))?.kind, "it is ended with the others").to.be.oneOf([undefined, "ended"]);
          expect((await ask("GET /me"))[0]).to.equal(200);
          expect((await ask("POST /all"))[0]).to.equal(200);
          expect((await ask("GET /me"))[0]).to.equal(401);
          expect(failed).to.eql([]);
        } finally {
          await close();
        }
      });
    }
  }

  it("is ended by a logout in its browser, although its user is unknown", async () => {
    for (const { open } of places) {
      const { store, damage, close } = await open();
      try {
        const { other, ask } = await twoBrowsers(store);
        const id = idOf(other);
        await damage(id, DAMAGE["cut off"]!);
        expect((await ask("POST /logout", other))[0]).to.equal(200);
        expect((await store.destroy(id))?.kind).to.be.oneOf([undefined, "ended"]);
      } finally {
        await close();
      }
    }
  });

  it("of a remembered browser is deleted by a logout that sends only the remember cookie", async () => {
    for (const { open } of places) {
      const { store, damage, close } = await open();
      try {
        const { other, ask } = await twoBrowsers(store);
        const token = other.split("; ").find((one) => !one.startsWith("sid="))!;
        const id = recordId("browser", decodeURIComponent(token).split(".")[1]!);
        const record = (await store.read(id))!;
        await damage(id, DAMAGE["without a login"]!);
        expect((await ask("POST /logout", token))[0]).to.equal(200);
        expect(await store.update(id, { ...record, revision: 0 }), "the record is deleted").to.equal(false);
        expect((await ask("GET /me", token))[0]).to.equal(401);
      } finally {
        await close();
      }
    }
  });

  it("does not count toward maxSessions", async () => {
    for (const { open } of places) {
      const { store, damage, close } = await open();
      try {
        const { app } = site({ store: new WatchedStore(store), maxSessions: 1, onLimit: "refuse" });
        const origin = await serve(app);
        const { cookie } = await send(origin, "POST /login/1");
        await damage(idOf(cookie), DAMAGE["cut off"]!);
        expect((await send(origin, "POST /login/1")).status).to.equal(200);
        expect((await send(origin, "POST /login/1")).status).to.equal(403);
      } finally {
        await close();
      }
    }
  });

  for (const [what, wreck] of Object.entries({
    "if the store cannot parse it": () => new SyntaxError("Unexpected end of JSON input"),
    "if it has no data": () => ({ cookie: {}, record: { userId: "1", expiresAt: Date.now() + 60_000 } }),
    "if another middleware wrote it": () => ({ cookie: {}, cart: [] }),
  })) {
    it(`in an express-session store has no login ${what}`, async () => {
      const inner = new TheirStore();
      const { other, ask, failed } = await twoBrowsers(new ExpressSessionStore(inner));
      const id = idOf(other);
      const { get } = inner;
      inner.get = (sid, done) => {
        const wrecked = wreck();
        if (sid !== id) get.call(inner, sid, done);
        else if (wrecked instanceof Error) done(wrecked);
        else done(null, wrecked as unknown as SessionData);
      };
      const session = only("sid", other);
      expect((await ask("GET /note", session))[0]).to.equal(200);
      expect((await ask("GET /me", session))[0]).to.equal(401);
      expect((await ask("GET /me"))[0]).to.equal(200);
      expect((await ask("POST /logout", session))[0]).to.equal(200);
      inner.get = get;
      expect((await ask("GET /me", session))[0]).to.equal(401);
      expect(failed).to.eql([]);
    });
  }

  it("has no login if its user id is not a string, and a logout ends it", async () => {
    const { store, origin, ask, other, failed } = await twoBrowsers(new WatchedStore().inner);
    const id = idOf(other);
    const { read, destroy } = store.inner;
    const numbered = <R extends object>(record: R | null) => record && { ...record, userId: 1 as never };
    store.inner.read = async (asked) => {
      const record = await read.call(store.inner, asked);
      return asked === id ? numbered(record) : record;
    };
    store.inner.destroy = async (asked) => {
      const record = await destroy.call(store.inner, asked);
      return asked === id ? numbered(record) : record;
    };
    const session = only("sid", other);
    expect((await ask("GET /me", session))[0]).to.equal(401);
    expect((await send(origin, "POST /logout", { cookie: session })).status).to.equal(200);
    expect(await read.call(store.inner, id)).to.equal(null);
    expect(failed).to.eql([]);
  });
});
