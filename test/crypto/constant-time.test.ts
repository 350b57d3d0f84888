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

/** The value with one character changed. A negative place is counted from the end. */
function changed(value: string, place: number): string {
  const at = place < 0 ? value.length + place : place;
  return value.slice(0, at) + (value[at] === "A" ? "B" : "A") + value.slice(at + 1);
}

/** The lengths in bytes of all values that are compared in constant time while `run` runs. */
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

describe("the comparison of signatures in cookies", () => {
  it("ASVS 11.2.4: covers the whole signature in constant time, wherever the signature is wrong", async () => {
    const cookie = encodeCookie("ann", SECRET);
    const start = cookie.indexOf(".") + 1;
    for (const other of [changed(cookie, start), changed(cookie, -5), cookie]) {
      expect(await comparedBy(() => decodeCookie(other, SECRET)), other).to.eql([43]);
    }
    const secrets = [`${SECRET}!`, SECRET, `${SECRET}?`];
    expect(await comparedBy(() => decodeCookie(cookie, secrets)), "with every secret").to.eql([43, 43, 43]);
  });

  it("ASVS 11.2.4: compares the same number of bytes for session cookies and both kinds of remember cookies", async () => {
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
