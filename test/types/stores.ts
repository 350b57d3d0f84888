import type { Store } from "express-session";
import {
  assertId,
  type JsonObject,
  type MemoryStore,
  type MemoryStoreOptions,
  type RecordPage,
  type SessionRecord,
  type SessionStore,
  type SessionTimes,
  type SessionUpdate,
  type StoredRecord,
} from "latchkey";
import type { OpenStore, openStore } from "latchkey/stores";
import type { ExpressSessionStore, ExpressSessionStoreLike } from "latchkey/stores/express-session";
import type {
  IoredisClient,
  NodeRedisClient,
  RedisClient,
  RedisStore,
  RedisStoreOptions,
  ValkeyGlideClient,
} from "latchkey/stores/redis";
import type {
  betterSqlite3,
  ddl,
  Mysql2Like,
  PgLike,
  SqlDatabase,
  SqlDialect,
  SqlStore,
  SqlStoreOptions,
  TypeOrmLike,
} from "latchkey/stores/sql";
import type {
  LatchkeyEntitiesOptions,
  latchkeyEntities,
  TypeOrmStore,
  TypeOrmStoreOptions,
} from "latchkey/stores/typeorm";
import type { LoginAsOptions, loginAs, StoreCase, StoreConformanceOptions, storeConformance } from "latchkey/testing";
import type { Pool as MysqlPool } from "mysql2";
import type { Pool as MysqlPromisePool } from "mysql2/promise";
import type { Pool, PoolClient } from "pg";
import type { RedisClientPoolType, RedisClientType, RedisClusterType, RedisSentinelType } from "redis";
import type { createClient as createClient5 } from "redis5";
import type { DataSource, EntitySchema } from "typeorm";
import { same } from "./same.js";

type Gives<T, To> = T extends To ? true : false;

same<Gives<MemoryStore | RedisStore | SqlStore | TypeOrmStore | ExpressSessionStore, SessionStore>, true>(true);
same<Gives<OpenStore, SessionStore & { close(): Promise<void> }>, true>(true);
same<Awaited<ReturnType<typeof openStore>>, OpenStore>(true);
same<RedisClient, NodeRedisClient | IoredisClient | ValkeyGlideClient>(true);
same<Gives<RedisClientType | RedisClusterType | RedisSentinelType | RedisClientPoolType, RedisClient>, true>(true);
same<Gives<ReturnType<typeof createClient5>, RedisClient>, true>(true);
same<keyof RedisStoreOptions, "client" | "prefix" | "waitReplicas">(true);
same<Gives<MemoryStoreOptions, NonNullable<ConstructorParameters<typeof MemoryStore>[0]>>, true>(true);
same<ConstructorParameters<typeof ExpressSessionStore>, [store: ExpressSessionStoreLike]>(true);
same<Gives<Store, ExpressSessionStoreLike>, true>(true);
same<ConstructorParameters<typeof SqlStore>[0], SqlDatabase>(true);
same<keyof SqlStoreOptions, "tablePrefix" | "schema" | "pruneEvery" | "timeout">(true);
same<SqlDatabase["dialect"], SqlDialect>(true);
same<ReturnType<typeof ddl>, string>(true);
same<ReturnType<typeof betterSqlite3>, SqlDatabase>(true);
same<Gives<Pool, PgLike>, true>(true);
same<Gives<PoolClient, PgLike>, false>(true);
same<Gives<MysqlPool | MysqlPromisePool, Mysql2Like>, true>(true);
same<Gives<DataSource, TypeOrmLike>, true>(true);
same<TypeOrmStoreOptions["dataSource"], DataSource>(true);
same<ReturnType<typeof latchkeyEntities>, EntitySchema[]>(true);
same<LatchkeyEntitiesOptions["type"], DataSource["options"]["type"] | undefined>(true);
same<ReturnType<SessionStore["read"]>, Promise<SessionRecord | null>>(true);
same<ReturnType<SessionStore["listByUser"]>, Promise<RecordPage>>(true);
same<ReturnType<SessionStore["destroy"]>, Promise<SessionRecord | null>>(true);
same<SessionStore["lacks"], ReadonlyArray<"compareAndSet" | "listByUser"> | undefined>(true);
same<RecordPage["records"], StoredRecord[]>(true);
same<Gives<SessionRecord, SessionUpdate>, true>(true);
same<Gives<SessionUpdate, SessionTimes>, true>(true);
same<SessionRecord["data"], JsonObject>(true);
same<ReturnType<ExpressSessionStore["listByUser"]>, Promise<never>>(true);

same<ReturnType<typeof storeConformance>, StoreCase[]>(true);
same<StoreConformanceOptions["lacks"], SessionStore["lacks"]>(true);
same<Parameters<typeof loginAs>["length"], 2 | 3>(true);
same<keyof LoginAsOptions, "fresh" | "remember" | "methods" | "label" | "data" | "external">(true);

/** The compiler knows after `assertId` that the value is a string. */
export function narrowed(id: unknown): string {
  assertId("id", id);
  return id;
}

// @ts-expect-error A Date is not a JSON value.
export const date: JsonObject = { at: new Date() };
// @ts-expect-error A store must have every method.
export const lacking: SessionStore = { read: async () => null };
