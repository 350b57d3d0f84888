/** What the tests use of better-sqlite3, which has no types of its own. */
declare module "better-sqlite3" {
  // biome-ignore lint/style/noDefaultExport: the package has one
  export default class Database {
    constructor(file: string);
    exec(sql: string): unknown;
    pragma(source: string): unknown;
    close(): unknown;
    prepare(sql: string): {
      run(...values: unknown[]): { changes: number };
      get(...values: unknown[]): unknown;
      all(...values: unknown[]): unknown[];
    };
  }
}
