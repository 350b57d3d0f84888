import { expect } from "chai";
import express from "express";
import expressSession from "express-session";
import { decodeCookie, encodeCookie, flash, takeFlashes } from "latchkey";
import { SECRET } from "../support/people.js";
import { countTrials, only, send } from "../support/raw-client.js";
import { storedSessions } from "../support/records.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";
import { WatchedStore } from "../support/watched-store.js";

const NAMES = ["sid", "remember"];

/** The value of one cookie in a `Cookie` header. */
const valueIn = (name: string, cookie: string) => only(name, cookie).slice(name.length + 1);

/** Cookies that Express and express-session sign with the same secret. */
async function signedElsewhere(texts: string[]): Promise<string[]> {
  const app = express();
  app.use(expressSession({ secret: SECRET, name: "other", resave: false, saveUninitialized: true }));
  app.post("/sign", express.json(), (req, res) => {
    Object.assign(req, { secret: SECRET }); // cookie-parser does the same
    res.cookie("signed", (req.body as { text: string }).text, { signed: true }).end();
  });
  const origin = await serve(app);
  const answers = await Promise.all(texts.map((text) => send(origin, "POST /sign", { json: { text } })));
  return answers.flatMap(({ cookie }) => NAMES.map((_, n) => valueIn(["signed", "other"][n]!, cookie)));
}

/** The ways to write a cookie value: raw, encoded, quoted, without its signature and so on. */
function spellings(value: string): string[] {
  const raw = decodeURIComponent(value);
  const bare = raw.replace(/^s:/, "");
  const unsigned = bare.slice(0, bare.lastIndexOf("."));
  const texts = [raw, bare, `s:${bare}`, unsigned, `s:${unsigned}`, `"${raw}"`, Buffer.from(raw).toString("base64url")];
  return [...new Set(texts.flatMap((text) => [text, encodeURIComponent(text)]))];
}

describe("a cookie that is signed for one purpose", () => {
  it("is rejected for every other purpose, under any name and in any spelling: 0 accepted", async () => {
    const persistent = site({ store: new WatchedStore() });
    const stateless = site({ store: persistent.store, remember: { mode: "stateless" } });
    for (const { app } of [persistent, stateless]) {
      app.post("/flash", (req, res) => void res.send(String(flash(req, "Hello"))));
      app.get("/take", (req, res) => void res.json(takeFlashes(req)));
    }
    const [origin, other] = await Promise.all(
      [persistent, stateless].map(({ app }) => serve(app)) as [Promise<string>, Promise<string>],
    );
    const login = async (at: string) => (await send(at, "POST /login/1", { json: { remember: true } })).cookie;
    const [one, two] = [await login(origin), await login(other)];
    const genuine = {
      session: valueIn("sid", one),
      persistent: valueIn("remember", one),
      stateless: valueIn("remember", two),
      flash: valueIn("flash", (await send(origin, "POST /flash")).cookie),
    };
    const content = Buffer.from(genuine.stateless.split(".")[0]!, "base64url").toString();
    const ids = (await storedSessions(persistent.store.inner, "1")).map(({ id }) => id);
    const known = ["1", content, genuine.persistent, genuine.stateless, ...ids];
    const foreign = [...known.map((text) => encodeCookie(text, SECRET)), ...(await signedElsewhere(known))];
    const values = [...Object.values(genuine), ...foreign];

    let tried = 0;
    const accepted: string[] = [];
    for (const [at, good] of [
      [origin, { sid: genuine.session, remember: genuine.persistent }],
      [other, { sid: genuine.session, remember: genuine.stateless }],
    ] as const) {
      const cookies = NAMES.flatMap((name) => {
        const isGood = (spelling: string) =>
          decodeURIComponent(spelling).replace(/"/g, "") === decodeURIComponent(good[name as "sid"]);
        return values
          .flatMap((value) => spellings(value))
          .filter((spelling) => !isGood(spelling))
          .map((spelling) => `${name}=${spelling}`);
      });
      await countTrials(cookies.length, async (n) => {
        const { status } = await send(at, "GET /me", { cookie: cookies[n]! });
        if (status !== 401) accepted.push(`${status} ${cookies[n]}`);
        return true;
      });
      tried += cookies.length;
    }
    const messages = values.filter((value) => value !== genuine.flash).flatMap((value) => spellings(value));
    for (const message of messages) {
      const { text } = await send(origin, "GET /take", { cookie: `flash=${message}` });
      if (text !== "[]") accepted.push(`flash=${message}`);
    }
    expect((await send(origin, "GET /take", { cookie: `flash=${genuine.flash}` })).text).to.include("Hello");
    expect(tried).to.be.above(500);
    expect(accepted, `of ${tried}`).to.deep.equal([]);
    for (const [at, cookie] of [
      [origin, `sid=${genuine.session}`],
      [origin, `remember=${genuine.persistent}`],
      [other, `remember=${genuine.stateless}`],
    ] as const) {
      expect((await send(at, "GET /me", { cookie })).status, cookie).to.equal(200);
    }

    for (const value of [...Object.values(genuine), ...(await signedElsewhere(known))]) {
      for (const spelling of spellings(value)) expect(decodeCookie(spelling, SECRET), spelling).to.equal(null);
    }
  });
});
