import { expect } from "chai";
import { RedisStore } from "latchkey/stores/redis";
import { createClient } from "redis";
import { backendsHere } from "../support/backends.js";
import { type RedisServer, redisCli, startRedis, until } from "../support/redis-servers.js";
import { newRecord } from "../support/redis-store.js";

if ((await backendsHere("redis")).length > 0) {
  describe("RedisStore with waitReplicas", () => {
    let master: RedisServer;
    let replica: RedisServer;
    let client: ReturnType<typeof connect>;
    const connect = () => createClient({ url: master.url });
    const onReplica = (id: string) => redisCli(replica.port, "EXISTS", `latchkey:record:${id}`);

    before(async () => {
      master = await startRedis();
      replica = await startRedis({ args: ["--replicaof", "127.0.0.1", String(master.port)] });
      await until(async () => (await redisCli(replica.port, "INFO", "replication")).includes("master_link_status:up"));
      client = connect();
      await client.connect();
    });
    after(async () => {
      client?.destroy();
      await Promise.all([master?.stop(), replica?.stop()]);
    });

    for (const kind of ["session", "browser"]) {
      it(`reports a ${kind} as deleted only after the replica has deleted it too: 100 of 100`, async () => {
        const store = new RedisStore({ client, waitReplicas: 1 });
        for (let i = 0; i < 50; i++) {
          for (const id of [`one ${i}`, `all ${i}`]) await store.create(id, newRecord({ kind }));
          expect((await store.destroy(`one ${i}`))?.kind).to.equal(kind);
          expect((await onReplica(`one ${i}`)).trim()).to.equal("0");
          expect((await store.destroyByUser("ann", { kind, limit: 9 })).ended).to.equal(1);
          expect((await onReplica(`all ${i}`)).trim()).to.equal("0");
        }
      });
    }

    it("rejects when too few replicas are connected, although the master has deleted the record", async () => {
      const store = new RedisStore({ client, waitReplicas: 2 });
      const expected = "only 1 of 2 replicas have deleted the record";
      for (const id of ["a", "b"]) await store.create(id, newRecord());
      await client.set("latchkey:record:damaged", "not a record");
      for (const end of [
        () => store.destroy("a"),
        () => store.destroy("damaged"),
        () => store.destroyByUser("ann", { kind: "session", limit: 9 }),
      ]) {
        const error = await end().catch((caught: unknown) => caught);
        expect(error).to.be.an("error").with.property("message", expected);
      }
      for (const id of ["a", "b", "damaged"]) expect(await store.read(id)).to.equal(null);
    });

    it("throws for an invalid number of replicas", () => {
      for (const waitReplicas of [-1, 1.5, "1" as never])
        expect(() => new RedisStore({ client, waitReplicas })).to.throw(
          TypeError,
          "waitReplicas must be a whole number",
        );
    });
  });
}
