/** Types for the parts of better-sqlite3 that the tests use. The package itself has no types. */
declare module "better-sqlite3" {
  // biome-ignore lint/style/noDefaultExport: the package has a default export
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
