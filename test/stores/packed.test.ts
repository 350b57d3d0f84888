import { expect } from "chai";
import type { SessionStore } from "latchkey";
import { backendsHere, type Opened } from "../support/backends.js";
import { only, send, sidIn } from "../support/raw-client.js";
import { recordId } from "../support/records.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";
import { WatchedStore } from "../support/watched-store.js";

const AGENTS = [
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0",
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:132.0) Gecko/20100101 Firefox/132.0",
  "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 Safari/605.1.15",
  "Mozilla/5.0 (iPhone; CPU iPhone OS 17_6_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 Mobile/15E148 Safari/604.1",
  "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36",
  "curl/8.11.0",
];
const CONTROLS = String.fromCharCode(...Array.from({ length: 32 }, (_, code) => code), 127, 0x85, 0x2028, 0xd800);
const backends = await backendsHere("memory", "redis", "sqlite", "sql on pg", "sql on mysql2");

describe("packed records", () => {
  let opened: Opened | undefined;
  afterEach(async () => {
    await opened?.close();
    opened = undefined;
  });

  /** Returns the data of a record as the database has it. */
  async function kept({ client, prefix, query, table }: Opened, id: string): Promise<string> {
    if (!client) return (await query!(`SELECT data FROM ${table} WHERE id = '${id}'`))[0]!.data as string;
    const value = (await client.get(`${prefix}record:${id}`)) as string;
    return /^(?:[^\n]*\n){4}(.*)$/s.exec(value)![1]!;
  }

  for (const { name, open } of backends) {
    it(`on ${name} give back the same login, from every browser`, async () => {
      opened = await open();
      const store = new WatchedStore(opened.store);
      const { app } = site({ store });
      const origin = await serve(app);
      for (const agent of AGENTS) {
        const headers = { "user-agent": agent };
        const { cookie } = await send(origin, "POST /login/1", { headers, json: { remember: true } });
        expect((await send(origin, "GET /me", { cookie, headers })).text).to.include('"fresh":true');
        const record = (await store.inner.read(recordId("session", sidIn(only("sid", cookie))!)))!;
        expect((record.data.auth as { userAgent: string }).userAgent).to.equal(agent);
      }
    });

    it(`on ${name} give back any data: control characters, and the texts that are packed`, async () => {
      opened = await open();
      const hostile = [
        { text: CONTROLS, [CONTROLS]: 1 },
        { auth: { v: 1, userId: '","loginId":"', nested: { address: '"}}', list: ["::ffff:", "Mozilla/5.0 ("] } } },
        { text: '{"auth":{"v":1,"userId":"\\u0001\u0001\\\\u0001' },
        Object.fromEntries(AGENTS.map((agent) => [agent, agent])),
      ];
      const now = Date.now();
      const times = { createdAt: now, lastSeenAt: now, expiresAt: now + 60_000, revision: 0 };
      for (const [n, data] of hostile.entries()) {
        const id = `hostile${n}`;
        await opened.store.create(id, { kind: "session", userId: CONTROLS.slice(1, 9), data, ...times });
        expect((await opened.store.read(id))!.data).to.eql(data);
        expect(await opened.store.update(id, { data: { again: data }, ...times })).to.equal(true);
        const record = (await opened.store.destroy(id))!;
        expect([record.data, record.userId]).to.eql([{ again: data }, CONTROLS.slice(1, 9)]);
      }
    });

    if (name !== "memory") {
      it(`on ${name} need less than half of the bytes of their JSON, and JSON is read too`, async () => {
        opened = await open();
        const store: SessionStore = opened.store;
        const { app } = site({ store: new WatchedStore(store) });
        const origin = await serve(app);
        const headers = { "user-agent": AGENTS[0]! };
        const { cookie } = await send(origin, "POST /login/1", { headers });
        const id = recordId("session", sidIn(only("sid", cookie))!);
        const json = JSON.stringify((await store.read(id))!.data);
        const text = await kept(opened, id);
        expect(text.length).to.be.below(json.length / 2);
        await keepJson(opened, id, text, json);
        expect(await kept(opened, id)).to.equal(json);
        expect((await send(origin, "GET /me", { cookie, headers })).text).to.include('"fresh":true');
      });
    }
  }

  /** Stores the data of a record as an earlier version did. */
  async function keepJson({ client, prefix, query, table }: Opened, id: string, text: string, json: string) {
    if (!client) return void (await query!(`UPDATE ${table} SET data = '${json}' WHERE id = '${id}'`));
    const key = `${prefix}record:${id}`;
    const value = (await client.get(key)) as string;
    await (client as unknown as { set(key: string, value: string): Promise<unknown> }).set(
      key,
      value.replace(text, () => json),
    );
  }
});
