import { expect } from "chai";
import { backendsHere, type Opened } from "../support/backends.js";
import { dumpOf } from "../support/dump.js";
import { countTrials, only, send } from "../support/raw-client.js";
import { storedBrowsers, storedSessions } from "../support/records.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";
import { WatchedStore } from "../support/watched-store.js";

/** Returns every string in a value, also the strings inside packed records. */
function textsIn(value: unknown): string[] {
  if (Buffer.isBuffer(value)) return textsIn(value.toString());
  if (typeof value === "object" && value !== null) return Object.values(value).flatMap(textsIn);
  const text = String(value);
  const inner = /[^ -\uffff]/.test(text) ? text.split(/[^ -\uffff]|"/) : [];
  return [text, ...inner].filter((one) => one.length > 0 && one.length < 4000);
}

/** Returns the content of the store, as its methods return it and as its backend stores it. */
async function dump(opened: Opened): Promise<unknown[]> {
  const records = [await storedSessions(opened.store, "1"), await storedBrowsers(opened.store, "1")];
  const kept = await dumpOf(opened, "1");
  const keys = kept.filter((one) => typeof one === "string" && opened.prefix && one.startsWith(opened.prefix));
  const parts = keys.flatMap((key) => String(key).split(":"));
  return [...records, ...kept, ...parts];
}

/** Returns the cookies that an attacker could make from these strings without the secrets. */
function cookiesOf(texts: string[]): string[] {
  const hashes = texts.filter((text) => /^[\w-]{43}$/.test(text));
  return [
    ...texts.flatMap((raw) => {
      const text = encodeURIComponent(raw);
      return [
        ...[`sid=${text}`, `sid=s%3A${text}`, `sid=s%3A${text}.${text}`],
        ...[`remember=${text}`, `remember=${text}.${text}`, `remember=v1.${text}.0.${text}`],
      ];
    }),
    ...hashes.flatMap((hash, n) => {
      const other = hashes[(n + 1) % hashes.length]!;
      return [hash, other].map((token) => `remember=v1.${hash.slice(0, 21)}A.0.${token}`);
    }),
  ];
}

const here = await backendsHere();

describe("a dump of the store with all sessions and remembered browsers", () => {
  for (const { name, ...backend } of here) {
    const logins = name === "memory" ? 32 : 4;
    it(`contains no cookie value, and no cookie made from it is accepted (${name})`, async () => {
      const opened = await backend.open();
      const { app } = site({ store: new WatchedStore(opened.store) });
      const origin = await serve(app);
      const genuine: string[] = [];
      await countTrials(logins, async () => {
        const { cookie } = await send(origin, "POST /login/1", { json: { remember: true } });
        genuine.push(cookie);
        return true;
      });
      // Restore some logins, so that their records contain a previous token.
      for (const cookie of genuine.slice(0, 2)) await send(origin, "GET /me", { cookie: only("remember", cookie) });

      const texts = [...new Set((await dump(opened)).flatMap(textsIn))];
      const secrets = genuine
        .flatMap((cookie) => decodeURIComponent(cookie).split(/[=;. :]+/))
        .filter((one) => one.length > 20);
      expect(secrets.length).to.equal(logins * 4);
      expect(
        texts.filter((text) => secrets.some((secret) => text.includes(secret))),
        "cookie values in the dump",
      ).to.deep.equal([]);
      const cookies = cookiesOf(texts);
      expect(cookies.length).to.be.above(logins * 30);
      const accepted = await countTrials(cookies.length, async (n) => {
        return (await send(origin, "GET /me", { cookie: cookies[n]! })).status !== 401;
      });
      expect(accepted, `of ${cookies.length}`).to.equal(0);
      expect((await send(origin, "GET /me", { cookie: only("sid", genuine[2]!) })).status).to.equal(200);
      await opened.close();
    });
  }
});
