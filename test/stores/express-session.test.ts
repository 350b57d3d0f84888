import { mkdtempSync, readFile, rmSync, unlink, writeFile } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import session from "express-session";
import type { SessionRecord } from "latchkey";
import { ExpressSessionStore } from "latchkey/stores/express-session";
import sinon from "sinon";
import { send } from "../support/raw-client.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";
import { WatchedStore } from "../support/watched-store.js";

const AT_ONCE = 50;

function record(): SessionRecord {
  const now = Date.now();
  const times = { createdAt: now, lastSeenAt: now, expiresAt: now + 3_600_000 };
  return { kind: "session", userId: "1", data: { n: 0 }, ...times, revision: 0 };
}

/** Makes the call many times at once, and returns how many of the calls succeeded. */
async function winners(call: (index: number) => Promise<unknown>): Promise<number> {
  const given = await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => call(index)));
  return given.filter((one) => one).length;
}

/** Stores each session in a file. A missing file is an ENOENT error, as in file stores for express-session. */
class FileStore extends session.Store {
  readonly #dir = mkdtempSync(join(tmpdir(), "latchkey-files-"));
  #file = (sid: string) => join(this.#dir, `${sid}.json`);

  get(sid: string, done: (error: unknown, found?: session.SessionData | null) => void): void {
    readFile(this.#file(sid), "utf8", (error, text) => (error ? done(error) : done(null, JSON.parse(text))));
  }
  set(sid: string, data: session.SessionData, done?: (error?: unknown) => void): void {
    writeFile(this.#file(sid), JSON.stringify(data), (error) => done?.(error ?? undefined));
  }
  destroy(sid: string, done?: (error?: unknown) => void): void {
    unlink(this.#file(sid), (error) => done?.(error ?? undefined));
  }
  close(): void {
    rmSync(this.#dir, { recursive: true });
  }
}

type Done = (error?: unknown, found?: unknown) => void;
type Verbs = Record<"get" | "set" | "destroy", (...args: unknown[]) => unknown>;

/** Store behavior that express-session accepts. Each entry changes how a correct store responds. */
const MANNERS: Record<string, (verb: keyof Verbs, done: Done, call: (done: Done) => void) => unknown> = {
  "only calls back": (_verb, done, call) => call(done),
  "calls back twice": (_verb, done, call) =>
    call((...given) => {
      done(...given);
      done(...given);
    }),
  "returns a promise, and calls back": async (_verb, done, call) => call(done),
  "returns a promise of another value, and calls back later": async (_verb, done, call) => {
    setImmediate(() => call(done));
    return "later";
  },
  ...Object.fromEntries(
    [undefined, false, ""].map((none) => [
      `passes ${JSON.stringify(none)} for a missing session`,
      (verb: keyof Verbs, done: Done, call: (done: Done) => void) =>
        call((error, found) => done(error, verb === "get" && !found ? none : found)),
    ]),
  ),
  "reports ENOENT for a missing session, and after every destroy": (verb, done, call) =>
    call((error, found) =>
      verb === "set" || found ? done(error, found) : done(Object.assign(new Error("no such file"), { code: "ENOENT" })),
    ),
};

/** Ways in which a store fails. */
const FAILURES: Record<string, (done: Done) => unknown> = {
  "calls back with an error": (done) => done(new Error("away")),
  "throws at once": () => {
    throw new Error("away");
  },
  "rejects, and does not call back": () => Promise.reject(new Error("away")),
};

function mannered(answer: (verb: keyof Verbs, done: Done, call: (done: Done) => void) => unknown): session.Store {
  const inner = new session.MemoryStore() as unknown as Verbs;
  const plain = { get: inner.get, set: inner.set, destroy: inner.destroy };
  for (const verb of ["get", "set", "destroy"] as const) {
    inner[verb] = (...args) =>
      answer(verb, args.at(-1) as Done, (done) => plain[verb].call(inner, ...args.slice(0, -1), done));
  }
  return inner as unknown as session.Store;
}

/** Sends requests that log in, store a value and log out. Returns each status, and the errors of the store. */
async function visits(store: session.Store) {
  const { app, login } = site({ store: new WatchedStore(new ExpressSessionStore(store)) });
  const failed: unknown[] = [];
  login.on("storeFailed", ({ error }) => failed.push(error));
  const origin = await serve(app);
  const ask = async (line: string, cookie = "") => {
    const answer = await send(origin, line, { cookie });
    return { ...answer, cookie: answer.cookie || cookie };
  };
  const anonymous = await ask("POST /note/cart");
  const ann = await ask("POST /login/1", anonymous.cookie);
  const statuses = [anonymous.status, ann.status];
  for (const line of ["GET /me", "GET /note", "POST /note/other", "POST /logout", "GET /me", "GET /note"]) {
    statuses.push((await ask(line, ann.cookie)).status);
  }
  statuses.push(
    (await ask("GET /note", anonymous.cookie)).status,
    (await ask("POST /logout", anonymous.cookie)).status,
  );
  return { statuses, failed };
}

const WORKS = [200, 200, 200, 200, 200, 200, 401, 200, 200, 200];

describe("a site with an ExpressSessionStore", () => {
  it("works with a store that keeps files and reports a missing file as an error", async () => {
    const store = new FileStore();
    try {
      expect(await visits(store)).to.eql({ statuses: WORKS, failed: [] });
    } finally {
      store.close();
    }
  });

  it("sends 503 and emits storeFailed when the folder of the store does not exist", async () => {
    const store = new FileStore();
    store.close();
    const { statuses, failed } = await visits(store);
    expect(statuses.slice(0, 2)).to.eql([503, 503]);
    expect(failed).not.to.eql([]);
  });

  for (const [what, answer] of Object.entries(MANNERS)) {
    it(`works with a store that ${what}`, async () => {
      expect(await visits(mannered(answer))).to.eql({ statuses: WORKS, failed: [] });
    });
  }

  for (const [what, fail] of Object.entries(FAILURES)) {
    it(`sends 503 when the store ${what}`, async () => {
      const { statuses, failed } = await visits(mannered((_verb, done) => fail(done)));
      expect(statuses.slice(0, 2)).to.eql([503, 503]);
      expect(failed[0]).to.have.property("message", "away");
    });
  }

  it("sends 503 after storeTimeout when the store never calls back", async () => {
    const store = mannered(() => {});
    const { app } = site({ store: new WatchedStore(new ExpressSessionStore(store)), storeTimeout: 50 });
    expect((await send(await serve(app), "POST /note/cart")).status).to.equal(503);
  });
});

describe("an ExpressSessionStore in one process", () => {
  afterEach(() => sinon.restore());

  it("lets only one of many concurrent calls create, update or destroy a session", async () => {
    const store = new ExpressSessionStore(new session.MemoryStore());
    const created = () =>
      store.create("a", record()).then(
        () => true,
        () => false,
      );
    expect(await winners(created)).to.equal(1);
    expect(await winners((n) => store.update("a", { ...record(), data: { n } }))).to.equal(1);
    expect((await store.read("a"))?.revision).to.equal(1);
    expect(await winners(() => store.destroy("a"))).to.equal(1);
  });

  it("does not restore a session that is deleted during a touch or an update", async () => {
    const store = new ExpressSessionStore(new session.MemoryStore());
    for (let trial = 0; trial < 200; trial++) {
      await store.create("a", record());
      const { lastSeenAt, expiresAt } = record();
      const write = trial % 2 ? store.update("a", record()) : store.touch("a", { lastSeenAt, expiresAt });
      await Promise.all([write, store.destroy("a")]);
      expect(await store.read("a")).to.equal(null);
    }
  });

  it("waits two seconds for a hanging call, but only for the same session", async () => {
    const inner = new session.MemoryStore();
    const store = new ExpressSessionStore(inner);
    await store.create("a", record());
    await store.create("b", record());
    const hanging = sinon.stub(inner, "set").callsFake(() => {});
    void store.update("a", record());
    await new Promise((resolve) => setImmediate(setImmediate, resolve));
    expect(hanging.callCount).to.equal(1);
    hanging.restore();
    const clock = sinon.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    let isEnded = false;
    const ending = store.destroy("a").then((ended) => {
      isEnded = ended !== null;
    });
    expect(await store.destroy("b")).to.include({ userId: "1" });
    clock.tick(1_999);
    await new Promise((resolve) => setImmediate(setImmediate, resolve));
    expect(isEnded).to.equal(false);
    clock.tick(1);
    await ending;
    expect(isEnded).to.equal(true);
  });
});
