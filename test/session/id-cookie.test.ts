import { expect } from "chai";
import sinon from "sinon";
import { people, SECRET } from "../support/people.js";
import { inProduction } from "../support/production.js";
import { countTrials, send, sidIn } from "../support/raw-client.js";
import { recordId } from "../support/records.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";
import { trials } from "../support/trials.js";
import { WatchedStore } from "../support/watched-store.js";

const OTHER = SECRET.toUpperCase();
const GUESSES = trials(3000, 3000, 600);

/** A site whose manager was created while NODE_ENV was "production". */
function productionSite() {
  const store = new WatchedStore(); // a MemoryStore would warn in production
  return inProduction(() => site({ store }));
}

describe("the session cookie", () => {
  afterEach(() => sinon.restore());

  it("contains a session id; the store has only the SHA-256 of this id", async () => {
    const { app, store } = site();
    const verbs = [sinon.spy(store, "create"), sinon.spy(store, "read"), sinon.spy(store, "update")];
    const destroy = sinon.spy(store, "destroy");
    const origin = await serve(app);
    const { cookie } = await send(origin, "POST /login/1");
    await send(origin, "POST /note/a", { cookie });
    await send(origin, "POST /logout", { cookie });
    const sid = sidIn(cookie);
    const ids = [...verbs, destroy].flatMap((verb) => verb.args.map(([id]) => id as string));
    expect(ids).to.have.lengthOf.at.least(5);
    for (const id of ids) expect(id).to.match(/^[\w-]{43}$/);
    expect(ids).to.include(recordId("session", sid));
    expect(JSON.stringify(verbs.map((verb) => verb.args))).not.to.include(sid);
  });

  it(`is rejected without a store call if its content is random: ${GUESSES} of ${GUESSES} times`, async () => {
    const { app, store } = site();
    const origin = await serve(app);
    const { cookie } = await send(origin, "POST /login/1", { json: { remember: true } });
    const alphabet = [
      "s%3A",
      "s:",
      ".",
      "=",
      '"',
      "%",
      "%00",
      "%2E",
      ",",
      "\\",
      "\t",
      "\u00ff",
      "__proto__",
      "j:{",
      "A",
      "-",
      "_",
      cookie.slice(8, 20),
    ];
    const names = ["sid", "remember", "SID", " sid", "$sid", "__proto__", "toString", ""];
    const pick = <T>(from: readonly T[]) => from[Math.floor(Math.random() * from.length)]!;
    store.calls = [];
    const refused = await countTrials(GUESSES, async () => {
      const pair = () => `${pick(names)}=${Array.from({ length: Math.random() * 40 }, () => pick(alphabet)).join("")}`;
      const guess = Array.from({ length: 1 + Math.random() * 4 }, pair).join(pick(["; ", ";", ";;", ", "]));
      return (await send(origin, "GET /me", { cookie: guess })).status === 401;
    });
    expect(refused).to.equal(GUESSES);
    expect(store.calls).to.deep.equal([]);
  });

  it("is signed with the first secret and accepted with any current secret, like the remember cookie", async () => {
    const store = new WatchedStore();
    const { load } = people();
    const open = async (secret: string | string[]) => serve(site({ secret, store, userLoader: load }).app);
    const [before, during, after] = [await open(SECRET), await open([OTHER, SECRET]), await open(OTHER)];
    const isIn = async (origin: string, cookie: string) => (await send(origin, "GET /me", { cookie })).status === 200;

    for (const part of [0, 1]) {
      const login = async (origin: string) =>
        (await send(origin, "POST /login/1", { json: { remember: true } })).cookie.split("; ")[part]!;
      const old = await login(before);
      expect([await isIn(before, old), await isIn(during, old), await isIn(after, old)]).to.deep.equal([
        true,
        true,
        false,
      ]);
      const renewed = await login(during);
      expect(await isIn(before, renewed), "signed with the first").to.equal(false);
      expect(await isIn(after, renewed)).to.equal(true);
    }
  });

  it("is Secure with the prefix __Host- in production, where a login over plain HTTP fails", async () => {
    const { app, ann, login, store } = productionSite();
    app.set("trust proxy", "loopback");
    const failures: Error[] = [];
    app.use(((error, _req, res, _next) => {
      failures.push(error);
      res.sendStatus(error.status);
    }) as import("express").ErrorRequestHandler);
    const origin = await serve(app);
    const plain = await send(origin, "POST /login/1", { json: { remember: true } });
    expect(plain.status).to.equal(500);
    expect(plain.headers["set-cookie"]).to.equal(undefined);
    expect(failures[0]).to.include({ name: "InsecureConnectionError", code: "insecure_connection" });
    expect(failures[0]!.message).to.include("trust proxy").and.include("cookie.secure").and.include("__Host-sid");
    expect(store.calls).to.deep.equal([]);

    const headers = { "x-forwarded-proto": "https" };
    const secure = await send(origin, "POST /login/1", { json: { remember: true }, headers });
    expect(secure.headers["set-cookie"]).to.have.lengthOf(2);
    for (const set of secure.headers["set-cookie"]!) {
      expect(set).to.match(/^__Host-(sid|remember)=/);
      expect(set)
        .to.include("; Secure")
        .and.include("; HttpOnly")
        .and.include("; SameSite=Lax")
        .and.include("; Path=/");
      expect(set).not.to.include("Domain");
    }
    expect((await send(origin, "GET /me", { cookie: secure.cookie, headers })).status).to.equal(200);
    const cleared = (await send(origin, "POST /logout", { cookie: secure.cookie, headers })).headers["set-cookie"]!;
    expect(cleared).to.have.lengthOf(2);
    for (const set of cleared) expect(set).to.match(/^__Host-\w+=;.*; Secure/);
    expect([login.options.sessionCookie.name, ann.name]).to.deep.equal(["__Host-sid", "Ann"]);
  });

  it("ignores X-Forwarded-Proto without trust proxy", async () => {
    const origin = await serve(productionSite().app);
    expect((await send(origin, "POST /login/1", { headers: { "x-forwarded-proto": "https" } })).status).to.equal(500);
  });

  it("is Secure outside production only if the connection uses HTTPS", async () => {
    const { app } = site();
    app.set("trust proxy", true);
    const origin = await serve(app);
    const plain = await send(origin, "POST /login/1");
    const secure = await send(origin, "POST /login/1", { headers: { "x-forwarded-proto": "https" } });
    expect(plain.headers["set-cookie"]![0]).to.match(/^sid=/).and.not.include("Secure");
    expect(secure.headers["set-cookie"]![0]).to.match(/^sid=/).and.include("; Secure");
  });

  it("keeps the maxAge that the application sets", async () => {
    const { app } = site();
    app.post("/keep", (req, res) => {
      req.session.cookie.maxAge = 60_000;
      req.session.note = "kept";
      res.send("ok");
    });
    app.get("/age", (req, res) => void res.json(req.session.cookie.originalMaxAge));
    const origin = await serve(app);
    const plain = await send(origin, "POST /note/plain");
    expect(plain.headers["set-cookie"]![0], "until the browser closes").not.to.match(/; (Expires|Max-Age)=/);
    const { headers, cookie } = await send(origin, "POST /keep", { cookie: plain.cookie });
    expect(headers["set-cookie"]![0]).to.include("; Expires=");
    expect((await send(origin, "GET /age", { cookie })).text).to.equal("60000");
    const later = await send(origin, "POST /note/changed", { cookie });
    expect(later.headers["set-cookie"]![0]).to.include("; Expires=");
  });

  it("is rejected with extra characters before or after its value", async () => {
    const { app } = site();
    const origin = await serve(app);
    const { cookie } = await send(origin, "POST /login/1");
    const value = cookie.slice("sid=".length);
    for (const spelled of [`x${value}`, `${value}.`, `${value}.x`, `${value}%2Ex`]) {
      expect((await send(origin, "GET /me", { cookie: `sid=${spelled}` })).status, spelled).to.equal(401);
    }
    expect((await send(origin, "GET /me", { cookie })).status).to.equal(200);
  });

  it("expires with the login, even if its maxAge is longer", async () => {
    const now = 1_800_000_000_000;
    sinon.useFakeTimers({ now, toFake: ["Date"] });
    const { app } = site({ absoluteTimeout: "1d" });
    app.post("/keep", (req, res) => {
      req.session.cookie.maxAge = 10 * 86_400_000;
      res.send("ok");
    });
    const origin = await serve(app);
    const { cookie } = await send(origin, "POST /login/1");
    const { headers } = await send(origin, "POST /keep", { cookie });
    expect(headers["set-cookie"]![0]).to.include(`; Expires=${new Date(now + 86_400_000).toUTCString()}`);
  });
});
