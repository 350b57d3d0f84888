import { expect } from "chai";
import type { OpenStore } from "latchkey/stores";
import { createConnection } from "mysql2/promise";
import pg from "pg";
import { afterTest } from "../support/after-test.js";
import { backendsHere } from "../support/backends.js";
import { startLossyProxy } from "../support/lossy-proxy.js";
import { openedStore } from "../support/opened-store.js";
import { places } from "../support/processes.js";
import { runProgram } from "../support/program.js";
import { redisCli, startRedisCluster, until } from "../support/redis-servers.js";
import { expectNoUnhandledRejections } from "../support/unhandled.js";

const here = await backendsHere("redis", "postgres", "mariadb");
const clusters = await backendsHere("redis-cluster");

/** Makes so many concurrent reads that a pool opens all of its connections. */
async function readAtOnce(store: OpenStore): Promise<void> {
  await Promise.all(Array.from({ length: 30 }, () => store.read("a")));
}

/** For each database: locks the row of the session "locked", and returns a function that unlocks the row. */
const locks: Record<string, (url: string) => Promise<() => Promise<void>>> = {
  async postgres(url) {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await client.query("BEGIN");
    await client.query("SELECT * FROM latchkey_sessions WHERE id = 'locked' FOR UPDATE");
    return () => client.end();
  },
  async mariadb(url) {
    const connection = await createConnection({ uri: url });
    await connection.beginTransaction();
    await connection.query("SELECT * FROM latchkey_sessions WHERE id = 'locked' FOR UPDATE");
    return () => connection.end();
  },
};

describe("the connections of openStore", () => {
  expectNoUnhandledRejections();

  for (const { name } of here) {
    describe(`to ${name}`, () => {
      let place: { url: string; remove(): Promise<void> };
      let proxy: Awaited<ReturnType<typeof startLossyProxy>>;
      beforeEach(async () => {
        place = await places[name]!();
        afterTest(place.remove);
        proxy = await startLossyProxy(place.url);
        afterTest(proxy.stop);
      });

      it("are replaced after one or two timeouts when the network drops all of them silently", async () => {
        const store = await openedStore(`${proxy.urlOf(place.url)}?timeout=3s`);
        await readAtOnce(store);
        for (let round = 0; round < 2; round++) {
          proxy.loseAll();
          let failures = 0;
          await until(async () => {
            await store.read("a").catch((error) => {
              failures++;
              throw error;
            });
            return true;
          });
          // Each failed read takes one timeout.
          expect(failures).to.be.within(1, 2);
          await readAtOnce(store);
        }
      });

      const lock = locks[name];
      if (lock) {
        it("are free for other sessions one timeout after many writes to a locked session fill the pool", async () => {
          const store = await openedStore(`${place.url}?timeout=1s&max=4`);
          const now = Date.now();
          const record = {
            kind: "session",
            userId: "1",
            data: {},
            createdAt: now,
            lastSeenAt: now,
            expiresAt: now + 60_000,
            revision: 0,
          };
          await Promise.all([store.create("locked", record), store.create("free", record)]);
          afterTest(await lock(place.url));
          const writes = Array.from({ length: 12 }, () => store.destroy("locked").catch(() => "late"));
          await Promise.race(writes);
          for (let i = 0; i < 20; i++) expect(await store.read("free")).not.to.equal(null);
          expect(await Promise.all(writes)).to.eql(writes.map(() => "late"));
        });
      }

      it("are not replaced while they work", async () => {
        const store = await openedStore(`${proxy.urlOf(place.url)}?timeout=1m`);
        await readAtOnce(store);
        const opened = proxy.opened();
        for (let i = 0; i < 10; i++) await readAtOnce(store);
        expect(proxy.opened()).to.equal(opened);
      });

      it("are closed by close(), and the process ends, even if the server no longer responds", async () => {
        proxy.loseAllAt("the-last-id");
        const program = `import { openStore } from "latchkey/stores";
          const store = await openStore(process.argv[1]);
          await Promise.all(Array.from({ length: 10 }, () => store.read("a")));
          const last = store.read("the-last-id").then(() => "resolved", () => "rejected");
          await store.close();
          await store.close();
          console.log("closed,", await last);`;
        const url = `${proxy.urlOf(place.url)}?timeout=1s`;
        expect(await runProgram(program, { args: [url] })).to.eql({ code: 0, output: "closed, rejected" });
      });
    });
  }

  for (const { name } of clusters) {
    it(`to ${name} fail the commands for a server that hangs, also if the URL has only this server`, async () => {
      const { nodes, stop } = await startRedisCluster();
      afterTest(stop);
      const store = await openedStore(`redis+cluster://127.0.0.1:${nodes[0]!.port}?timeout=1s`);
      const slotOf = async (id: string) =>
        Number(await redisCli(nodes[1]!.port, "CLUSTER", "KEYSLOT", `latchkey:record:${id}`));
      const ids = Array.from({ length: 30 }, (_, n) => `id ${n}`);
      const slots = await Promise.all(ids.map(slotOf));
      const [hanging, live] = [ids.filter((_, n) => slots[n]! <= 5460), ids.filter((_, n) => slots[n]! > 5460)];
      const readAll = (some: string[]) => Promise.all(some.map((id) => store.read(id)));
      await until(async () => (await readAll(ids)).length > 0);
      await nodes[0]!.kill("SIGSTOP");
      let waiting = hanging.length;
      const results = hanging.map((id) =>
        store
          .read(id)
          .catch(() => "failed")
          .finally(() => waiting--),
      );
      await until(async () => {
        await readAll(live); // the other servers respond
        return waiting === 0;
      });
      expect(await Promise.all(results)).to.eql(hanging.map(() => "failed"));
      await nodes[0]!.kill("SIGCONT");
      await until(async () => (await readAll(ids)).length > 0);
    });
  }
});
