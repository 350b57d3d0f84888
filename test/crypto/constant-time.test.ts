import crypto from "node:crypto";
import { syncBuiltinESMExports } from "node:module";
import { expect } from "chai";
import { decodeCookie, encodeCookie } from "latchkey";
import sinon from "sinon";
import { SECRET } from "../support/people.js";
import { only, send } from "../support/raw-client.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";
import { WatchedStore } from "../support/watched-store.js";

/** The value with the letter at this place, from 0, or from the end below it, changed. */
function changed(value: string, place: number): string {
  const at = place < 0 ? value.length + place : place;
  return value.slice(0, at) + (value[at] === "A" ? "B" : "A") + value.slice(at + 1);
}

/** How many bytes were compared in constant time while this ran. */
async function comparedBy(run: () => unknown): Promise<number[]> {
  const compare = sinon.spy(crypto, "timingSafeEqual");
  syncBuiltinESMExports();
  try {
    await run();
    return compare.args.map(([a, b]) => {
      expect(a.byteLength).to.equal(b.byteLength);
      return a.byteLength;
    });
  } finally {
    compare.restore();
    syncBuiltinESMExports();
  }
}

describe("comparing what a browser sends with a secret", () => {
  it("ASVS 11.2.4: a signature is compared as a whole, wherever it is wrong", async () => {
    const cookie = encodeCookie("ann", SECRET);
    const start = cookie.indexOf(".") + 1;
    for (const other of [changed(cookie, start), changed(cookie, -5), cookie]) {
      expect(await comparedBy(() => decodeCookie(other, SECRET)), other).to.eql([43]);
    }
    const secrets = [`${SECRET}!`, SECRET, `${SECRET}?`];
    expect(await comparedBy(() => decodeCookie(cookie, secrets)), "under every secret").to.eql([43, 43, 43]);
  });

  it("ASVS 11.2.4: so are those of session cookies, and of both kinds of remember cookies", async () => {
    const store = new WatchedStore();
    for (const mode of ["persistent", "stateless"] as const) {
      const origin = await serve(site({ store, remember: { mode } }).app);
      const { cookie } = await send(origin, "POST /login/1", { json: { remember: true } });
      const sid = decodeURIComponent(only("sid", cookie));
      const remember = only("remember", cookie);
      for (const [genuine, wrongFirst] of [
        [sid, changed(sid, sid.lastIndexOf(".") + 1)],
        [remember, changed(remember, remember.lastIndexOf(".") + 1)],
      ] as const) {
        const name = genuine.slice(0, genuine.indexOf("="));
        const ask = (value: string) =>
          comparedBy(async () => {
            const sent = `${name}=${encodeURIComponent(value.slice(name.length + 1)).replaceAll("%2E", ".")}`;
            expect((await send(origin, "GET /me", { cookie: sent })).status).to.equal(401);
          });
        const first = await ask(wrongFirst);
        expect(first, `${mode} ${name}`).not.to.eql([]);
        expect(await ask(changed(genuine, -5)), `${mode} ${name}`).to.eql(first);
      }
    }
  });
});
