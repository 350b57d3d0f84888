import { expect } from "chai";
import { type RedisClient, RedisStore } from "latchkey/stores/redis";
import { createClient, createClientPool, createCluster, createSentinel } from "redis";
import { createClient as createClient5 } from "redis5";
import { backendsHere } from "../support/backends.js";
import { newRecord, useRedisStore } from "../support/redis-store.js";

/** Returns a record in the format that RedisStore writes. */
function stored(): string {
  const digits = (instant: number) => String(instant).padStart(15, "0");
  const now = Date.now();
  return `${[now, now + 60_000, now + 120_000].map(digits).join("")}ann\nsession\n${now}\n0\n{}`;
}

const nothing = async () => null;
const ioredis = { status: "ready", get: nothing, eval: nothing, evalsha: nothing, wait: nothing };

describe("the client of a RedisStore", () => {
  const rootNodes = [{ url: "redis://127.0.0.1:1" }];
  const sentinelRootNodes = [{ host: "127.0.0.1", port: 1 }];

  it("is recognized by its methods, before it is connected", () => {
    const clients: Record<string, RedisClient> = {
      "node-redis": createClient(),
      "node-redis 5": createClient5(),
      "a pool of node-redis": createClientPool(),
      "a Cluster of node-redis": createCluster({ rootNodes }),
      "Sentinels of node-redis": createSentinel({ name: "main", sentinelRootNodes }),
      ioredis,
      "Valkey GLIDE": { customCommand: nothing },
    };
    for (const [name, client] of Object.entries(clients)) expect(() => new RedisStore({ client }), name).not.to.throw();
  });

  it("is rejected if it is anything else, with a TypeError that names its type and shows no secret", () => {
    const expected = "client must be a client of node-redis 4 to 6, ioredis 5 or 6, or Valkey GLIDE 2, not ";
    class Memcached {
      get() {}
    }
    const given: Array<[unknown, string]> = [
      [undefined, "undefined"],
      [null, "null"],
      ["redis://u:hunter2@localhost", "a string"],
      [createClient, "a function"],
      [Promise.resolve(createClient()), "a promise"],
      [{}, "object"],
      [Object.create(null), "object"],
      [[], "an array"],
      [new Memcached(), "an object of the class Memcached"],
      [{ get: nothing, eval: nothing, evalSha: nothing }, "object"],
      [{ ...ioredis, status: undefined }, "object"],
    ];
    for (const [client, name] of given)
      expect(() => new RedisStore({ client: client as RedisClient })).to.throw(TypeError, `${expected}${name}`);
    // The commands of a legacy client take callbacks.
    expect(() => new RedisStore({ client: createClient().legacy() as never })).to.throw(TypeError, expected);
  });

  it("must use one connection to one master if waitReplicas is set", () => {
    const one: RedisClient[] = [
      createClient(),
      createSentinel({ name: "main", sentinelRootNodes }),
      ioredis,
      { customCommand: nothing },
    ];
    const several: unknown[] = [
      createClientPool(),
      createCluster({ rootNodes }),
      { isOpen: true, get: nothing, eval: nothing, evalSha: nothing },
      { ...ioredis, isCluster: true },
      { customCommand: nothing, ssubscribe: nothing },
    ];
    for (const client of one) expect(() => new RedisStore({ client, waitReplicas: 1 })).not.to.throw();
    for (const client of several as RedisClient[]) {
      expect(() => new RedisStore({ client })).not.to.throw();
      expect(() => new RedisStore({ client, waitReplicas: 1 })).to.throw(TypeError, "waitReplicas must be 0");
    }
  });

  it("never gets a read command that it could send to a replica", async () => {
    const asked: unknown[] = [];
    const answer = (command: string) => {
      asked.push(command.toUpperCase());
      return Promise.resolve(stored());
    };
    const node = {
      isOpen: true,
      get: () => answer("GET"),
      eval: () => answer("EVAL"),
      evalSha: () => answer("EVALSHA"),
    };
    const ofIoredis = { ...ioredis, get: () => answer("GET"), evalsha: () => answer("EVALSHA") };
    const glide = { customCommand: ([command]: string[]) => answer(command!) };
    const commandOf = async (client: unknown) => {
      expect((await new RedisStore({ client: client as RedisClient }).read("a"))?.userId).to.equal("ann");
      return asked.pop();
    };
    expect(await commandOf(node)).to.equal("GET");
    expect(await commandOf({ ...node, nodeClient() {}, withTypeMapping() {} })).to.equal("EVALSHA");
    const of4 = {
      sendCommand: (_key: string, isReadonly: boolean, [name]: string[]) => answer(`${name} ${isReadonly}`),
    };
    expect(await commandOf({ ...node, nodeClient() {}, ...of4 })).to.equal("GET FALSE");
    expect(await commandOf({ ...node, getMasterNode() {} })).to.equal("EVALSHA");
    expect(await commandOf(ofIoredis)).to.equal("GET");
    expect(await commandOf({ ...ofIoredis, isCluster: true, options: { scaleReads: "master" } })).to.equal("GET");
    expect(await commandOf({ ...ofIoredis, isCluster: true, options: { scaleReads: "slave" } })).to.equal("EVALSHA");
    expect(await commandOf(glide)).to.equal("EVALSHA");
    expect(asked).to.eql([]);
  });

  it("may return text as Buffers, and numbers as text", async () => {
    const bytes = async () => Buffer.from(stored());
    const client = { isOpen: true, get: bytes, eval: bytes, evalSha: bytes };
    expect((await new RedisStore({ client }).read("a"))?.userId).to.equal("ann");
    const texts = { isOpen: true, get: nothing, eval: nothing, evalSha: async () => "1" };
    await new RedisStore({ client: texts }).create("a", newRecord({ userId: null }));
  });
});

if ((await backendsHere("redis")).length > 0) {
  describe("the scripts of a RedisStore", () => {
    const { cli, current } = useRedisStore();

    const list = (store: RedisStore, userId: string) => store.listByUser(userId, { kind: "session", limit: 9 });

    const calls = async () => {
      const stats = [...(await cli("INFO", "commandstats")).matchAll(/cmdstat_(eval|evalsha):calls=(\d+)/g)];
      return Object.fromEntries(stats.map(([, name, count]) => [name, Number(count)]));
    };

    it("are sent as text once and then by hash, and as text once more after the server forgets them", async () => {
      const { store } = current();
      const round = async (id: string) => {
        await store.create(id, newRecord());
        expect(await store.touch(id, newRecord())).to.equal(true);
        expect(await store.update(id, newRecord())).to.equal(true);
        expect((await list(store, "ann")).records).to.have.lengthOf(1);
        expect((await store.destroy(id))?.revision).to.equal(1);
        await store.create(id, newRecord());
        expect(await store.destroyByUser("ann", { kind: "session", limit: 9 })).to.eql({ ended: 1, more: false });
      };
      for (const _ of ["new", "forgotten"]) {
        await cli("SCRIPT", "FLUSH");
        await cli("CONFIG", "RESETSTAT");
        await round("first");
        const { eval: learnt } = await calls();
        expect(learnt).to.equal(8);
        for (let i = 0; i < 10; i++) await round(`${i}`);
        expect((await calls()).eval).to.equal(learnt);
      }
    });

    it("are not sent again after another error, and the call rejects with that error", async () => {
      const { store } = current();
      await cli("SADD", "latchkey:user:session:ann", "wrong type");
      await list(store, "bob");
      await cli("CONFIG", "RESETSTAT");
      const error = await list(store, "ann").catch((caught: unknown) => caught);
      expect(error)
        .to.be.an("error")
        .and.property("message")
        .match(/^WRONGTYPE/);
      expect(await calls()).to.eql({ evalsha: 1 });
    });
  });
}
