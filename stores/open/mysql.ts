import { connect, type Socket } from "node:net";
import { atMost } from "../at-most.js";
import { type Mysql2PromisePool, mysql2 } from "../sql/drivers/mysql2.js";
import { OPEN_TIMEOUT } from "./failure.js";
import type { OpenOptions, OpenStore } from "./open-store.js";
import { count, oneOf, type Reader, readParameters, text } from "./parameters.js";
import { needed } from "./peer.js";
import { RenewedPool, type SqlPool } from "./pools.js";
import { openSqlStore, SQL_PARAMETERS, TIMEOUT } from "./sql.js";
import { onlyHost, readServerUrl, type StoreUrl } from "./url.js";

type Mysql2 = typeof import("mysql2/promise");

/**
 * The options of mysql2 for each `ssl-mode` of MySQL's own clients. `REQUIRED` encrypts the connection, but does not
 * verify the server.
 */
const SSL_MODES = {
  DISABLED: undefined,
  REQUIRED: { rejectUnauthorized: false },
  VERIFY_CA: { rejectUnauthorized: true },
  VERIFY_IDENTITY: { rejectUnauthorized: true, verifyIdentity: true },
} as const;

/** Reads the option `ssl` in the same way as mysql2 reads it from a URL: a JSON object, or the name of a profile. */
const ssl: Reader<object | string> = {
  read(given) {
    if (given === "true") return {};
    if (!given.startsWith("{")) return /^[A-Za-z][\w ]*$/.test(given) && given !== "false" ? given : undefined;
    try {
      return JSON.parse(given) as object;
    } catch {
      return undefined;
    }
  },
  wanted: "true, a JSON object, or the name of an mysql2 profile",
};

const PARAMETERS = {
  ...SQL_PARAMETERS,
  max: count,
  schema: text,
  ssl,
  "ssl-mode": oneOf(...(Object.keys(SSL_MODES) as Array<keyof typeof SSL_MODES>)),
  socketPath: text,
} as const;

/** Opens a store on MySQL or MariaDB through mysql2. */
export async function openMySql(given: string, options: OpenOptions): Promise<OpenStore> {
  const url = readServerUrl(given);
  const parameters = readParameters(url, PARAMETERS);
  const { "ssl-mode": mode, socketPath, max = 10, timeout = TIMEOUT } = parameters;
  if (parameters.ssl !== undefined && mode !== undefined)
    throw new TypeError('the store\'s URL has both "ssl" and "ssl-mode"; use only one of them');
  const config = {
    ...addressOf(url, socketPath),
    user: url.username,
    password: url.password,
    database: url.path || undefined,
    connectionLimit: max,
    connectTimeout: OPEN_TIMEOUT,
    ssl: mode === undefined ? parameters.ssl : SSL_MODES[mode],
  };
  const module = await needed<Mysql2>("mysql2/promise");
  const database = new RenewedPool(() => openPool(module, config), timeout);
  const opened = { close: () => database.close(), connections: () => database.connections() };
  return openSqlStore(database, opened, parameters, url, options);
}

type Address = { socketPath: string } | { host: string; port: number };

function addressOf(url: StoreUrl, socketPath: string | undefined): Address {
  if (socketPath !== undefined) return { socketPath };
  const { host, port = 3306 } = onlyHost(url);
  return { host, port };
}

function openPool({ createPool }: Mysql2, config: Address & object): SqlPool {
  const sockets = new Set<Socket>();
  const stream = () => {
    const socket = "socketPath" in config ? connect(config.socketPath) : connect(config.port, config.host);
    sockets.add(socket);
    socket.setNoDelay(true).setKeepAlive(true);
    socket.once("close", () => sockets.delete(socket));
    return socket;
  };
  const pool = createPool({ ...config, stream } as object);
  return {
    database: mysql2(pool as unknown as Mysql2PromisePool),
    open: () => sockets.size,
    async close(patience) {
      await atMost(patience, pool.end());
      for (const socket of sockets) socket.destroy();
    },
  };
}
