import { createHmac, hkdfSync } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { expect } from "chai";
import { EncryptJWT } from "jose";
import { afterTest } from "../support/after-test.js";
import { backendsHere } from "../support/backends.js";
import type { Browser } from "../support/browser.js";
import { endPrograms, startProgram } from "../support/page-program.js";
import { startRedis } from "../support/redis-servers.js";
import { inTestAll } from "../support/tier.js";

const ann = { email: "ann@example.com", password: "correct horse" };
const hello = `Hello, ${ann.email}!`;
const withRedis = (await backendsHere("redis")).length > 0;
const DAY = 24 * 60 * 60_000;

/** An earlier library: how it keeps the sessions of Ann, whose id is "1". */
interface Library {
  page: string;
  env?: NodeJS.ProcessEnv;
  cookie: string;
  schema: string;
  /** Makes a session that ends at this time. Returns the value of its cookie. */
  session(db: Database, endsAt: number): string | Promise<string>;
  forged: string;
  /** Lets a session that was carried over end a minute earlier. */
  earlier: string;
}

const libraries: Record<string, Library> = {
  Lucia: {
    page: "docs/migrating-from-lucia.md",
    cookie: "auth_session",
    schema: "CREATE TABLE session (id TEXT PRIMARY KEY, expires_at INTEGER NOT NULL, user_id TEXT NOT NULL)",
    session(db, endsAt) {
      const id = "ph2h3lhjhy3fak4gsdtz2yqmktkzhdtvgfvvmgnf";
      db.prepare("INSERT INTO session VALUES (?, ?, '1')").run(id, Math.floor(endsAt / 1000));
      return id;
    },
    forged: "ph2h3lhjhy3fak4gsdtz2yqmktkzhdtvgfvvmgng",
    earlier: "UPDATE session SET expires_at = expires_at - 60",
  },
  "better-auth": {
    page: "docs/migrating-from-better-auth.md",
    cookie: "better-auth.session_token",
    schema:
      "CREATE TABLE session (id text primary key, expiresAt date not null, token text not null unique, userId text)",
    session(db, endsAt) {
      const token = "CMG61pUHDBBdQcWXUSCspAhEHMPaQyML";
      db.prepare("INSERT INTO session VALUES ('x', ?, ?, '1')").run(new Date(endsAt).toISOString(), token);
      const signature = createHmac("sha256", "the secret of better-auth").update(token).digest("base64");
      return encodeURIComponent(`${token}.${signature}`);
    },
    forged: encodeURIComponent(`CMG61pUHDBBdQcWXUSCspAhEHMPaQyML.${Buffer.alloc(32).toString("base64")}`),
    earlier: "UPDATE session SET expiresAt = strftime('%Y-%m-%dT%H:%M:%fZ', expiresAt, '-60 seconds')",
  },
  "Auth.js with an adapter": {
    page: "docs/migrating-from-authjs.md",
    env: { AUTH_ADAPTER: "1" },
    cookie: "authjs.session-token",
    schema: "CREATE TABLE sessions (sessionToken TEXT PRIMARY KEY, userId TEXT NOT NULL, expires INTEGER NOT NULL)",
    session(db, endsAt) {
      db.prepare("INSERT INTO sessions VALUES ('7a9c2a5e-token', '1', ?)").run(endsAt);
      return "7a9c2a5e-token";
    },
    forged: "7a9c2a5e-tokem",
    earlier: "UPDATE sessions SET expires = expires - 60000",
  },
  "Auth.js without an adapter": {
    page: "docs/migrating-from-authjs.md",
    cookie: "authjs.session-token",
    schema: "",
    session: (_, endsAt) => authToken("the secret of Auth.js", endsAt),
    forged: await authToken("another secret", Date.now() + DAY),
    earlier: "UPDATE carried SET until = until - 60000",
  },
};

/** A token as `encode` of `@auth/core/jwt` makes it. */
function authToken(secret: string, endsAt: number): Promise<string> {
  const salt = "authjs.session-token";
  const key = new Uint8Array(hkdfSync("sha256", secret, salt, `Auth.js Generated Encryption Key (${salt})`, 64));
  return new EncryptJWT({ sub: "1", email: ann.email })
    .setProtectedHeader({ alg: "dir", enc: "A256CBC-HS512" })
    .setIssuedAt()
    .setExpirationTime(Math.floor(endsAt / 1000))
    .encrypt(key);
}

/** Starts the program of a page, with a database in which Ann has a session. */
async function start({ page, env, cookie, schema, session }: Library, lasts = DAY) {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-migrating-"));
  const DATABASE = join(folder, "shop.sqlite");
  const db = new Database(DATABASE);
  afterTest(() => {
    db.close();
    rmSync(folder, { recursive: true });
  });
  db.exec(schema);
  const value = await session(db, Date.now() + lasts);
  const program = await startProgram(page, "app.ts", { ...env, DATABASE });
  const browser = async (content = value) => {
    const client = program.client();
    await client.setCookie(cookie, content);
    return client;
  };
  return { program, browser, value, db };
}

inTestAll("the pages about migrating", () => {
  afterEach(endPrograms);

  for (const [name, library] of Object.entries(libraries)) {
    describe(`from ${name}`, () => {
      it("keeps a user logged in by latchkey's own cookies, and a logout is final", async () => {
        const { browser } = await start(library);
        const client = await browser();
        const answer = await client.get("/");
        expect([answer.status, answer.text]).to.eql([200, hello]);
        expect(await client.cookie(library.cookie)).to.equal(undefined);
        await client.restart();
        expect((await client.get("/")).text).to.equal(hello);
        await client.post("/logout");
        expect((await client.get("/")).status).to.equal(401);
      });

      it("makes one login for many requests at the same time, and serves all of them", async () => {
        const { browser } = await start(library);
        const client = await browser();
        const answers = await Promise.all(Array.from({ length: 20 }, () => client.get("/")));
        expect(answers.map(({ status }) => status)).to.eql(Array(20).fill(200));
        expect(answers.filter(({ cookies }) => cookies.some((set) => set.startsWith("sid="))).length).to.equal(1);
        expect((await client.get("/")).text).to.equal(hello);
      });

      it("refuses forged and expired sessions, and removes their cookie", async () => {
        const { browser } = await start(library);
        const forger = await browser(library.forged);
        expect([(await forger.get("/")).status, await forger.cookie(library.cookie)]).to.eql([401, undefined]);
        const late = await start(library, -DAY);
        expect((await (await late.browser()).get("/")).status).to.equal(401);
      });

      it("refuses the old cookie a minute after it was carried over", async () => {
        const { browser, db } = await start(library);
        const client = await browser();
        await client.get("/");
        const copy = await browser();
        expect((await copy.get("/")).status).to.equal(200);
        db.exec(library.earlier);
        expect((await copy.get("/")).status).to.equal(401);
        expect((await client.get("/")).text).to.equal(hello);
      });

      it("prefers a login of latchkey, and then ends the old session", async () => {
        const { browser, program, value } = await start(library);
        const client = program.client();
        await client.post("/login", { json: { email: "bob@example.com", password: "battery staple" } });
        await client.setCookie(library.cookie, value);
        expect((await client.get("/")).text).to.equal("Hello, bob@example.com!");
        expect(await client.cookie(library.cookie)).to.equal(undefined);
        expect((await (await browser()).get("/")).status).to.equal(401);
      });
    });
  }

  const fromExpressSession = async () => {
    const page = "docs/migrating-from-express-session.md";
    const redis = await startRedis();
    afterTest(() => redis.stop());
    const env = { REDIS_URL: redis.url };
    const [before, after] = await Promise.all([
      startProgram(page, "before.ts", env),
      startProgram(page, "app.ts", env),
    ]);
    const at = (program: typeof before, browser: Browser) => (path: string) => browser.get(program.origin + path);
    const browser = before.browser();
    expect((await browser.get("/")).location).to.equal("/login");
    await browser.post("/cart/book");
    expect((await browser.post("/login", { form: ann })).location).to.equal("/");
    const old = (await browser.get("/")).json();
    expect(old).to.eql({ email: ann.email, cart: ["book"] });

    const now = at(after, browser);
    expect((await now("/")).json()).to.eql(old);
    await browser.post(`${after.origin}/cart/pen`);
    expect((await now("/")).json()).to.eql({ email: ann.email, cart: ["book", "pen"] });
    expect((await browser.post(`${after.origin}/logout`)).location).to.equal("/login");
    expect((await now("/")).location).to.equal("/login?next=%2F");

    const visitor = after.browser();
    await visitor.post("/cart/cup");
    expect((await visitor.post("/login?next=%2F", { form: ann })).location).to.equal("/");
    expect((await visitor.get("/")).json()).to.eql({ email: ann.email, cart: ["cup"] });
  };
  if (withRedis) it("from express-session: imports a login with its cart, and a logout is final", fromExpressSession);
});
