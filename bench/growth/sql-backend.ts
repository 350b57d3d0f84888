import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CreateLatchkeyTables1700000000000, latchkeyEntities, TypeOrmStore } from "latchkey/stores/typeorm";
import { DataSource, type DataSourceOptions } from "typeorm";
import type { Backend, Kept } from "./backend.js";

const HOUR = 3_600_000;

/** A database that only this program uses. */
export interface KeptTable extends Kept {
  store: TypeOrmStore;
  dataSource: DataSource;
  /** The options for another connection. */
  options: DataSourceOptions;
}

export type SqlBackend = Omit<Backend, "open"> & { open(): Promise<KeptTable> };

const POSTGRES = process.env.POSTGRES_URL ?? "postgres://postgres@127.0.0.1:5432/postgres";
const MARIADB = process.env.MARIADB_URL ?? "mysql://root@127.0.0.1:3306/mysql";

export const postgres: SqlBackend = {
  name: "PostgreSQL",
  open: () =>
    openServer({ type: "postgres", url: POSTGRES }, "SELECT split_part(version(), ' (', 1) v", async (query, table) => {
      await query(`VACUUM ANALYZE ${table}`); // autovacuum would do this later
    }),
};

export const mariadb: SqlBackend = {
  name: "MariaDB",
  open: () =>
    openServer({ type: "mariadb", url: MARIADB }, "SELECT concat('MariaDB ', version()) v", async (query, table) => {
      await query(`ANALYZE TABLE ${table}`);
    }),
};

export const sqlite: SqlBackend = {
  name: "SQLite",
  open: async () => {
    const dir = await mkdtemp(join(tmpdir(), "latchkey-growth-"));
    const options = { type: "better-sqlite3" as const, database: join(dir, "sessions.db"), enableWAL: true };
    return openTable(options, "SELECT 'SQLite ' || sqlite_version() v", {
      settle: async () => {},
      remove: () => rm(dir, { recursive: true }),
    });
  },
};

type Query = (sql: string) => Promise<unknown>;

async function openServer(
  server: { type: "postgres" | "mariadb"; url: string },
  version: string,
  analyze: (query: Query, table: string) => Promise<void>,
): Promise<KeptTable> {
  const admin = await new DataSource(server).initialize();
  const database = `latchkey_growth_${randomBytes(6).toString("hex")}`;
  await admin.query(`CREATE DATABASE ${database}`);
  const options = { ...server, url: server.url.replace(/[^/]*$/, database) };
  return openTable(options, version, {
    settle: (dataSource) => analyze((sql) => dataSource.query(sql), "latchkey_sessions"),
    remove: async () => {
      await admin.query(`DROP DATABASE ${database}`);
      await admin.destroy();
    },
  });
}

async function openTable(
  options: DataSourceOptions,
  version: string,
  { settle, remove }: { settle(dataSource: DataSource): Promise<void>; remove(): Promise<void> },
): Promise<KeptTable> {
  const dataSource = await connect(options);
  await dataSource.runMigrations();
  const store = new TypeOrmStore({ dataSource });
  return {
    store,
    dataSource,
    options,
    version: (await dataSource.query<Array<{ v: string }>>(version))[0]!.v,
    batch: 2000,
    insert: async (sessions) => {
      const rows = sessions.map(({ data, ...session }) => {
        const pruneAfter = Math.ceil(session.expiresAt / HOUR) * HOUR;
        return { ...session, pruneAfter, data: JSON.stringify(data) };
      });
      const { name } = latchkeyEntities()[0]!.options;
      await dataSource.createQueryBuilder().insert().into(name).values(rows).updateEntity(false).execute();
    },
    settle: () => settle(dataSource),
    bytes: () => tableBytes(dataSource),
    close: async () => {
      await dataSource.destroy();
      await remove();
    },
  };
}

/** Opens a connection with the table's entities and migration. */
export async function connect(options: DataSourceOptions): Promise<DataSource> {
  const dataSource = new DataSource({
    ...options,
    entities: latchkeyEntities({ type: options.type }),
    migrations: [CreateLatchkeyTables1700000000000],
  });
  return dataSource.initialize();
}

async function tableBytes(dataSource: DataSource): Promise<Record<string, number>> {
  if (dataSource.options.type !== "postgres") return {};
  const sql = `SELECT 'table' AS part, pg_table_size('latchkey_sessions') AS bytes
    UNION ALL SELECT indexrelid::regclass::text, pg_relation_size(indexrelid) FROM pg_index WHERE indrelid = 'latchkey_sessions'::regclass
    UNION ALL SELECT 'pg_total_relation_size', pg_total_relation_size('latchkey_sessions')`;
  const rows = await dataSource.query<Array<{ part: string; bytes: string }>>(sql);
  return Object.fromEntries(rows.map(({ part, bytes }) => [part, Number(bytes)]));
}
