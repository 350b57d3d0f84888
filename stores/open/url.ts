import { parseUrl } from "../../src/text.js";

/** A host in a URL, and its port if the URL has one. */
export interface Host {
  host: string;
  port: number | undefined;
}

/** The parts of a store's URL. Errors contain only the scheme and the names of the parameters, never the rest. */
export interface StoreUrl {
  /** The scheme with its colon, such as `redis:`. */
  scheme: string;
  username: string | undefined;
  password: string | undefined;
  /** Empty if the URL names no host. */
  hosts: Host[];
  /** The path without its first slash. */
  path: string;
  parameters: Map<string, string>;
}

/** Matches the scheme, the authority, the path and the query. */
const PARTS = /^([a-z][a-z+]*:)\/\/([^/?#]*)(?:\/([^?#]*))?(?:\?([^#]*))?$/;
const HOST = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/;

/** Returns the scheme of a URL with its colon, or "". */
export function schemeOf(url: unknown): string {
  return (typeof url === "string" && /^[a-z][a-z+]*:/.exec(url)?.[0]) || "";
}

/**
 * Reads a URL that names a server. Several hosts are separated by commas.
 *
 * @throws TypeError if the URL cannot be read, for example because a character of the password is not encoded
 */
export function readServerUrl(url: string): StoreUrl {
  const [, scheme = schemeOf(url), authority = "", path = "", query = ""] = PARTS.exec(url) ?? unreadable(url);
  // A `/` or `?` in the password ends the authority too early: the rest of the password looks like a path or a
  // parameter.
  if (path.includes("@") || query.includes("@")) unreadable(url);
  const at = authority.lastIndexOf("@");
  const [, username = "", password = ""] = /^([^:]*):?(.*)$/s.exec(authority.slice(0, Math.max(at, 0))) ?? [];
  const hosts = authority.slice(at + 1);
  return {
    scheme,
    username: decoded(username, url) || undefined,
    password: decoded(password, url) || undefined,
    hosts: hosts === "" ? [] : hosts.split(",").map((host) => readHost(host) ?? unreadable(url)),
    path: decoded(path, url),
    parameters: readQuery(query, scheme),
  };
}

/** Reads a URL that names a file, such as `sqlite:./sessions.db`. The path is not decoded. */
export function readFileUrl(url: string): StoreUrl {
  const scheme = schemeOf(url);
  const [path, ...query] = url.slice(scheme.length).split("?");
  const parameters = readQuery(query.join("?"), scheme);
  return { scheme, username: undefined, password: undefined, hosts: [], path: path!, parameters };
}

/** Returns the host of a URL. @throws TypeError if the URL does not have exactly one host */
export function onlyHost({ scheme, hosts }: StoreUrl): Host {
  if (hosts.length === 1) return hosts[0]!;
  throw new TypeError(`the store's URL, which starts with "${scheme}", must name one host, not ${hosts.length}`);
}

/**
 * Returns the number of the Redis database in a path; 0 if the path is empty.
 *
 * @throws TypeError if the path is not a number
 */
export function databaseNumber(path: string, scheme: string): number {
  if (/^\d{0,9}$/.test(path)) return Number(path);
  throw new TypeError(`the path of the store's URL, which starts with "${scheme}", must be the number of a database`);
}

function readHost(text: string): Host | undefined {
  const [, ipv6, name, port] = HOST.exec(text) ?? [];
  const host = ipv6 ?? name;
  if (host === undefined || !parseUrl(`http://${text}`)) return undefined;
  return { host, port: port === undefined ? undefined : Number(port) };
}

function readQuery(query: string, scheme: string): Map<string, string> {
  const parameters = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(query)) {
    if (parameters.has(name))
      throw new TypeError(`the store's URL, which starts with "${scheme}", has the parameter "${name}" twice`);
    parameters.set(name, value);
  }
  return parameters;
}

function decoded(text: string, url: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return unreadable(url);
  }
}

function unreadable(url: string): never {
  throw new TypeError(
    `the store's URL, which starts with "${schemeOf(url)}", cannot be read; encode the user name, the password and the path with encodeURIComponent()`,
  );
}
