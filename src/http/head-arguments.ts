import type { Response } from "express";
import { isAboutCaching } from "./caching.js";

type Value = number | string | string[];
type Headers = Record<string, unknown> | unknown[] | undefined;
type Pair = readonly [name: unknown, value: unknown];

/** May latchkey change this header? `name` is in lower case. */
function isShared(name: string): boolean {
  return name === "set-cookie" || name === "vary" || isAboutCaching(name);
}

/** The arguments of `res.writeHead`. */
export class HeadArguments {
  readonly #first: unknown[];
  readonly #headers: Headers;

  constructor([status, reason, headers]: readonly unknown[]) {
    this.#first = typeof reason === "string" ? [status, reason] : [status];
    this.#headers = (typeof reason === "string" ? headers : (headers ?? reason)) as Headers;
  }

  /**
   * Runs `add`, which reads and sets headers of the response. Returns the arguments for Node's `writeHead`. The headers
   * that latchkey may change are moved from the arguments to the response before `add` runs, and are moved back
   * afterwards. All other arguments stay unchanged, because Node treats headers differently depending on their form.
   */
  with(res: Response, add: () => void): unknown[] {
    const wasBare = res.getHeaderNames().length === 0;
    const names = new Set(pairsOf(this.#headers).map(lower));
    const lent = [...names].filter(isShared).flatMap((name) => this.#lend(res, name));
    add();
    const headers = lent.reduce((rest, takeBack) => takeBack(rest), this.#headers);
    // Node sends an array of headers unchanged only if the response has no other headers. If `add` has set headers, the
    // headers of the array are appended to them.
    const isKept = !wasBare || !Array.isArray(headers) || (lent.length === 0 && res.getHeaderNames().length === 0);
    if (isKept) return [...this.#first, headers];
    for (const [name, value] of pairsOf(headers)) res.appendHeader(name as string, value as string);
    return this.#first;
  }

  /**
   * Puts a header of the arguments into the response. Returns the function that moves the header back, in an array,
   * which is empty if the arguments do not contain the header.
   */
  #lend(res: Response, name: string): Array<(headers: Headers) => Headers> {
    const values = pairsOf(this.#headers)
      .filter((pair) => lower(pair) === name)
      .flatMap(([, value]) => value as string | string[]);
    if (values.length === 0) return [];
    const lent: Value = values.length === 1 ? values[0]! : values;
    const before = res.getHeader(name);
    res.setHeader(name, lent);
    return [
      (headers) => {
        const value = res.getHeader(name);
        if (before === undefined || value === undefined) res.removeHeader(name);
        else res.setHeader(name, before);
        return value === lent ? headers : replaced(headers, name, value);
      },
    ];
  }
}

/**
 * Returns the headers with a new value for this name. The value replaces the first occurrence, and the others are
 * removed. If the value is undefined, all occurrences are removed.
 */
function replaced(headers: Headers, name: string, value: unknown): Headers {
  const pairs = pairsOf(headers);
  const first = pairs.findIndex((pair) => lower(pair) === name);
  const changed = pairs
    .map((pair, at) => (at === first ? ([pair[0], value] as const) : pair))
    .filter((pair, at) => lower(pair) !== name || (at === first && value !== undefined));
  if (!Array.isArray(headers)) return Object.fromEntries(changed);
  return Array.isArray(headers[0]) ? [...changed] : changed.flat(1);
}

function pairsOf(headers: Headers): readonly Pair[] {
  if (!Array.isArray(headers)) return Object.entries(headers ?? {});
  if (Array.isArray(headers[0])) return headers as Pair[];
  return Array.from({ length: headers.length / 2 }, (_, at) => [headers[at * 2], headers[at * 2 + 1]] as const);
}

function lower([name]: Pair): string {
  return String(name).toLowerCase();
}
