import type { Response } from "express";

type Headers = Record<string, unknown> | unknown[] | undefined;
type Pair = readonly [name: unknown, value: unknown];

/** What latchkey may add to. */
const SHARED = ["cache-control", "set-cookie", "vary"];

/** The arguments of `res.writeHead`. */
export class HeadArguments {
  readonly #first: unknown[];
  readonly #headers: Headers;

  constructor([status, reason, headers]: readonly unknown[]) {
    this.#first = typeof reason === "string" ? [status, reason] : [status];
    this.#headers = (typeof reason === "string" ? headers : (headers ?? reason)) as Headers;
  }

  /**
   * Runs `add`, which reads and sets headers of the response, and gives the arguments for Node's writeHead then. The headers that both
   * may set are in the response while `add` runs, as Node would put them there. All others stay arguments: what Node makes of them
   * depends on their form.
   */
  with(res: Response, add: () => void): unknown[] {
    const wasBare = res.getHeaderNames().length === 0;
    const rest = this.#moveShared(res);
    add();
    // Node keeps a list as it is, where the response has no other headers.
    if (!wasBare || !Array.isArray(rest) || res.getHeaderNames().length === 0) return [...this.#first, rest];
    for (const [name, value] of pairsOf(rest)) res.appendHeader(name as string, value as string);
    return this.#first;
  }

  /** Puts the shared headers into the response, and gives the others. */
  #moveShared(res: Response): Headers {
    const headers = this.#headers;
    const pairs = pairsOf(headers);
    if (!pairs.some(isShared)) return headers;
    for (const shared of SHARED) {
      const given = pairs.filter((pair) => lower(pair) === shared);
      const values = given.flatMap(([, value]) => value as string | string[]);
      if (values.length > 0) res.setHeader(given[0]![0] as string, values.length === 1 ? values[0]! : values);
    }
    const others = pairs.filter((pair) => !isShared(pair));
    if (!Array.isArray(headers)) return Object.fromEntries(others);
    return Array.isArray(headers[0]) ? [...others] : others.flat(1);
  }
}

function pairsOf(headers: Headers): readonly Pair[] {
  if (!Array.isArray(headers)) return Object.entries(headers ?? {});
  if (Array.isArray(headers[0])) return headers as Pair[];
  return Array.from({ length: headers.length / 2 }, (_, at) => [headers[at * 2], headers[at * 2 + 1]] as const);
}

function isShared(pair: Pair): boolean {
  return SHARED.includes(lower(pair));
}

function lower([name]: Pair): string {
  return String(name).toLowerCase();
}
