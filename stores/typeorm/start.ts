import type { DataSource } from "typeorm";

/** How one process keeps the others waiting, and lets them go on. */
interface Lock {
  take: string[];
  leave: string;
  /** In place of `leave`, after a failure. */
  undo: string;
  /** Does TypeORM make its own transaction? Not where the lock is one on the same connection. */
  transaction: "all" | "none";
}

const MYSQL: Lock = {
  take: ["SELECT GET_LOCK('latchkey_migrations', 60)"],
  leave: "SELECT RELEASE_LOCK('latchkey_migrations')",
  undo: "SELECT RELEASE_LOCK('latchkey_migrations')",
  transaction: "all",
};

const LOCKS: Record<string, Lock> = {
  mysql: MYSQL,
  mariadb: MYSQL,
  postgres: {
    take: ["BEGIN", "SELECT pg_advisory_xact_lock(540814)"],
    leave: "COMMIT",
    undo: "ROLLBACK",
    transaction: "all",
  },
  "better-sqlite3": { take: ["BEGIN EXCLUSIVE"], leave: "COMMIT", undo: "ROLLBACK", transaction: "none" },
};

const INITIALIZE_TRIES = 50;

/** Connects a data source. SQLite refuses at once, whatever its busy timeout, while another process turns on its log. */
export async function initialize(dataSource: DataSource): Promise<void> {
  for (let tried = 1; ; tried++) {
    try {
      await dataSource.initialize();
      return;
    } catch (error) {
      if (tried === INITIALIZE_TRIES || (error as { code?: string }).code !== "SQLITE_BUSY") throw error;
      await new Promise((resolve) => setTimeout(resolve, 20 + 80 * Math.random()));
    }
  }
}

/** Runs a data source's migrations in one process at a time; by itself TypeORM fails where several start at once. */
export async function migrate(dataSource: DataSource): Promise<void> {
  const { take, leave, undo, transaction } = LOCKS[dataSource.options.type]!;
  const runner = dataSource.createQueryRunner();
  try {
    for (const statement of take) await runner.query(statement);
    await dataSource.runMigrations({ transaction });
    await runner.query(leave);
  } catch (error) {
    await runner.query(undo).catch(() => {}); // the first error is the one to tell
    throw error;
  } finally {
    await runner.release();
  }
}
