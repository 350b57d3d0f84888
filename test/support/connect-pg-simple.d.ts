declare module "connect-pg-simple" {
  import type session from "express-session";

  interface Options {
    conString: string;
    createTableIfMissing: boolean;
    pruneSessionInterval: false;
    errorLog?: () => void;
  }
  type PgStore = session.Store & { close(): Promise<void> };
  const connect: (given: typeof session) => new (options: Options) => PgStore;
  // biome-ignore lint/style/noDefaultExport: the package has a default export
  export default connect;
}
