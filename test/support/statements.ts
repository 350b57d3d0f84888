import type { SqlDatabase } from "latchkey/stores/sql";
import sinon from "sinon";
import type { Opened } from "./backends.js";

/** Wraps each statement that a store sends to its database in a function. `sinon.restore()` ends this. */
export function aroundStatements(
  database: SqlDatabase,
  around: <T>(sql: string, send: () => Promise<T>) => Promise<T>,
): void {
  const { all, run } = database;
  sinon.stub(database, "all").callsFake((...args) => around(args[0], () => all.apply(database, args)));
  sinon.stub(database, "run").callsFake((...args) => around(args[0], () => run.apply(database, args)));
}

/** A list that receives every statement that a store sends from now on. `sinon.restore()` ends this. */
export function statementsOf({ dataSource, database }: Opened): string[] {
  const sent: string[] = [];
  if (dataSource) sinon.stub(dataSource.logger, "logQuery").callsFake((sql) => void sent.push(sql));
  if (database) {
    aroundStatements(database, (sql, send) => {
      sent.push(sql);
      return send();
    });
  }
  return sent;
}

/** A list that receives every error that the database returns to a store from now on. `sinon.restore()` ends this. */
export function failuresOf({ dataSource, database }: Opened): unknown[] {
  const failures: unknown[] = [];
  if (dataSource) sinon.stub(dataSource.logger, "logQueryError").callsFake((error) => void failures.push(error));
  if (database) {
    aroundStatements(database, async (_sql, send) => {
      try {
        return await send();
      } catch (error) {
        failures.push(error);
        throw error;
      }
    });
  }
  return failures;
}

/** The first word of each statement. */
export function verbsOf(statements: readonly string[]): string[] {
  return statements.map((sql) => sql.trimStart().split(" ", 1)[0]!);
}
