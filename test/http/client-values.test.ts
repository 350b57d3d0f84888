import { expect } from "chai";
import express from "express";
import { currentUser } from "latchkey";
import { countTrials, send } from "../support/raw-client.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";

/** A site with a page that returns the user's name. Ann and Bob are logged in and remembered. */
async function asking() {
  const { app, store } = site();
  app.all("/who", express.json(), express.urlencoded({ extended: true }), async (_req, res) => {
    const { name = null } = (await currentUser()) as { name?: string };
    res.json(name);
  });
  const origin = await serve(app);
  const login = async (id: number) => (await send(origin, `POST /login/${id}`, { json: { remember: true } })).cookie;
  const [ann, bob] = [await login(1), await login(2)];
  const ask = async (line: string, cookie: string, sending: object = {}) =>
    JSON.parse((await send(origin, line, { cookie, ...sending })).text) as string | null;
  return { ann, bob, ask, store };
}

describe("values that a client sends", () => {
  it("ASVS 7.2.1: 500 other cookies and headers do not change the current user", async () => {
    const { ann, ask } = await asking();
    const names = ["user", "userId", "user_id", "role", "x-user", "x-user-id", "x-remote-user", "x-forwarded-user"];
    const headers = [...names, "authorization", "x-original-url", "x-http-method-override", "from", "forwarded"];
    const values = ["1", "2", "Bob", "admin", '{"id":"2"}', "Basic Mjoy", "Bearer 2", "j:{}", "auth[userId]=2", "true"];
    const pick = <T>(from: readonly T[], n: number) => from[n % from.length]!;
    const right = await countTrials(500, async (n) => {
      const value = pick(values, Math.floor(n / 2));
      const own = n % 4 < 2 ? ann : "";
      const given =
        n % 2
          ? { headers: { [pick(headers, n)]: value } }
          : { cookie: [`${pick(names, n)}=${encodeURIComponent(value)}`, own].filter(Boolean).join("; ") };
      return (await ask("GET /who", own, given)) === (own ? "Ann" : null);
    });
    expect(right).to.equal(500);
  });

  it("ASVS 14.2.1: a token in the query, the path, the body or another header is ignored", async () => {
    const { ann, bob, ask, store } = await asking();
    store.calls = [];
    const pairs = bob.split("; ").map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]);
    for (const [name, value] of pairs as Array<[string, string]>) {
      const token = decodeURIComponent(value);
      for (const own of ["", ann]) {
        const who = own ? "Ann" : null;
        const query = new URLSearchParams({ [name]: token, token, session: token, sessionID: token });
        expect(await ask(`GET /who?${query}`, own), "query").to.equal(who);
        expect(await ask(`GET /who;${name}=${value}`, own).catch(() => who), "path").to.equal(who);
        expect(await ask("POST /who", own, { json: { [name]: token, token, cookie: bob } }), "body").to.equal(who);
        for (const header of [name, `x-${name}`, "authorization", "x-session-token", "set-cookie", "cookie2"]) {
          for (const given of [token, value, `Bearer ${token}`, `${name}=${value}`]) {
            expect(await ask("GET /who", own, { headers: { [header]: given } }), header).to.equal(who);
          }
        }
      }
    }
  });
});
