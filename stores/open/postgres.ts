import { atMost } from "../at-most.js";
import { pg } from "../sql/drivers/pg.js";
import { OPEN_TIMEOUT } from "./failure.js";
import type { OpenOptions, OpenStore } from "./open-store.js";
import { count, oneOf, readParameters, text } from "./parameters.js";
import { needed } from "./peer.js";
import { RenewedPool, type SqlPool } from "./pools.js";
import { openSqlStore, SQL_PARAMETERS, TIMEOUT } from "./sql.js";
import { onlyHost, readServerUrl, type StoreUrl } from "./url.js";

type Pg = typeof import("pg");
/** Every version of pg has this property, but the types of pg omit it. */
type Connected = { connection?: { stream?: { destroy(): void } } };

/** The URL parameters that pg itself reads. */
const PG_PARAMETERS = {
  sslmode: text,
  sslrootcert: text,
  sslcert: text,
  sslkey: text,
  sslnegotiation: text,
  uselibpqcompat: text,
  ssl: text,
  host: text,
  application_name: text,
  options: text,
} as const;
const PARAMETERS = {
  ...SQL_PARAMETERS,
  max: count,
  schema: text,
  channel_binding: oneOf("disable", "prefer", "require"),
  ...PG_PARAMETERS,
} as const;

/** Opens a store on PostgreSQL through pg. */
export async function openPostgres(given: string, options: OpenOptions): Promise<OpenStore> {
  const url = readServerUrl(given);
  const parameters = readParameters(url, PARAMETERS);
  const connectionString = connectionStringOf(url, parameters.host === undefined);
  const module = await needed<Pg>("pg");
  const config = {
    connectionString,
    max: parameters.max ?? 10,
    enableChannelBinding: ["prefer", "require"].includes(parameters.channel_binding ?? ""),
    connectionTimeoutMillis: OPEN_TIMEOUT,
    keepAlive: true,
  };
  const database = new RenewedPool(() => openPool(module, config), parameters.timeout ?? TIMEOUT);
  const opened = { close: () => database.close(), connections: () => database.connections() };
  return openSqlStore(database, opened, parameters, url, options);
}

/** Returns the URL for pg, with only the parameters that pg reads. */
function connectionStringOf(url: StoreUrl, needsHost: boolean): string {
  // pg requires a host in the URL, even if the parameter "host" replaces it.
  const { host, port } = needsHost || url.hosts.length > 0 ? onlyHost(url) : { host: "localhost", port: undefined };
  const { username = "", password } = url;
  const user = encodeURIComponent(username) + (password === undefined ? "" : `:${encodeURIComponent(password)}`);
  const authority = `${user ? `${user}@` : ""}${host.includes(":") ? `[${host}]` : host}${port === undefined ? "" : `:${port}`}`;
  const query = new URLSearchParams([...url.parameters].filter(([name]) => Object.hasOwn(PG_PARAMETERS, name)));
  return `postgres://${authority}/${encodeURI(url.path).replace(/[?#]/g, encodeURIComponent)}?${query}`;
}

function openPool({ Pool, Client }: Pg, config: object): SqlPool {
  const clients = new Set<Connected>();
  let empty = () => {};
  class TrackedClient extends Client {
    constructor(options?: object) {
      super(options);
      clients.add(this as Connected);
      this.once("end", () => {
        clients.delete(this as Connected);
        if (clients.size === 0) empty();
      });
    }
  }
  const pool = new Pool({ ...config, Client: TrackedClient } as object);
  pool.on("error", () => {}); // the pool opens another connection, and a failed statement rejects
  return {
    database: pg(pool),
    open: () => pool.totalCount,
    async close(patience) {
      const closed = new Promise<void>((resolve) => {
        empty = resolve;
        if (clients.size === 0) resolve();
      });
      await atMost(patience, Promise.all([pool.end(), closed]));
      // Without this, a connection that does not respond would keep the process alive for minutes.
      for (const { connection } of clients) connection?.stream?.destroy();
    },
  };
}
