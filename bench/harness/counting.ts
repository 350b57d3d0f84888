import BetterSqlite from "better-sqlite3";
import pg from "pg";
import type { Given } from "./app.js";

const VERBS = ["get", "set", "touch", "create", "read", "update", "destroy", "listByUser", "destroyByUser"];
type Method = (...given: unknown[]) => unknown;

/** Counts each call of a store by its verb, for stores of latchkey and of express-session. */
export function watched<S extends object>(store: S, count: Given["count"]): S {
  const methods = store as Record<string, unknown>;
  for (const verb of VERBS) {
    const method = methods[verb] as Method | undefined;
    if (typeof method === "function") replace(methods, verb, () => count(`store ${verb}`));
  }
  return store;
}

/** Counts each SQL statement by its first word, in the drivers below TypeORM and connect-pg-simple. */
export function countStatements(count: Given["count"]): void {
  const note = (sql: unknown) => {
    const text = typeof sql === "string" ? sql : (sql as { text?: string } | undefined)?.text;
    const [, verb] = /^\s*(\w+)/.exec(text ?? "") ?? [];
    if (verb) count(`SQL ${verb.toUpperCase()}`);
  };
  replace(pg.Client.prototype as never, "query", (sql) => note(sql));
  const database = new BetterSqlite(":memory:");
  const statement = Object.getPrototypeOf(database.prepare("SELECT 1")) as Record<string, unknown>;
  for (const verb of ["run", "get", "all"]) {
    replace(statement, verb, function (this: { source: string }) {
      note(this.source);
    });
  }
}

function replace(object: Record<string, unknown>, name: string, before: (...given: unknown[]) => void): void {
  const method = object[name] as Method;
  object[name] = function (this: unknown, ...given: unknown[]) {
    before.apply(this, given);
    return method.apply(this, given);
  };
}
