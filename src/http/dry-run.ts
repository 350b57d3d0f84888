import { Writable } from "node:stream";
import type { Response } from "express";
import { ServerResponse } from "./node-http.js";

/** The methods of a response that send data or make its head. */
export type Call = "writeHead" | "write" | "end" | "flushHeaders";
type Method = (...args: unknown[]) => unknown;

/** The effect that a call of one of Node's methods would have on a response. */
export interface Rehearsal {
  /** The error that the call would throw. */
  error?: unknown;
  /** Would the response have a head after the call? */
  hasHead: boolean;
  /** The properties that the call would change, with their new values. */
  changes: ReadonlyMap<PropertyKey, unknown>;
}

const node = ServerResponse.prototype as unknown as Record<Call, Method>;
/** A stream whose `write` throws Node's error for an unknown encoding. */
const anySocket = new Writable({ write: (_chunk, _encoding, done) => done() });

/**
 * Finds out what a call of one of Node's methods would do, without changing the response. The method runs on a copy
 * of the response, and changes only the copy. So an invalid call can throw Node's error immediately, although the
 * response is sent later.
 *
 * The copies have the same shape in V8. Objects that inherit from the responses would each have a shape of their own, and
 * after a few of them, Node's code would be slow with all responses.
 */
export function rehearse(res: Response, name: Call, args: readonly unknown[]): Rehearsal {
  const stage = copyOf(res) as Response & { outputData: Array<{ encoding?: string | null }>; outputSize: number };
  const set = new ServerResponse(res.req);
  const own = {
    outputSize: 0,
    _onPendingData: () => {},
    writeHead: node.writeHead,
    ...(name === "writeHead" && {
      setHeader: set.setHeader.bind(set),
      appendHeader: set.appendHeader.bind(set),
      removeHeader: set.removeHeader.bind(set),
    }),
  };
  for (const [key, value] of Object.entries(own)) Object.defineProperty(stage, key, plain(value));
  const given = valuesIn(stage);
  let failure: { error?: unknown } = {};
  try {
    node[name].apply(
      stage,
      args.filter((arg) => typeof arg !== "function"),
    );
    for (const { encoding } of stage.outputData) {
      if (encoding && !Buffer.isEncoding(encoding)) anySocket.write("", encoding as BufferEncoding);
    }
  } catch (error) {
    failure = { error };
  }
  if (stage.socket) stage.outputSize = 0; // Node sends the data at once
  const changes = new Map([...valuesIn(stage)].filter(([key, value]) => value !== given.get(key)));
  return { ...failure, hasHead: stage.headersSent, changes };
}

/** Returns a copy whose properties can all be redefined, and whose arrays are empty. */
function copyOf<T extends object>(object: T): T {
  const properties = Object.getOwnPropertyDescriptors(object) as Record<PropertyKey, PropertyDescriptor>;
  for (const key of Reflect.ownKeys(properties)) {
    const property = properties[key]!;
    property.configurable = true;
    if (Array.isArray(property.value)) properties[key] = plain([]);
  }
  return Object.create(Object.getPrototypeOf(object) as object, properties) as T;
}

/** Returns the values of the own properties, without those of getters, which are the application's and are not called. */
function valuesIn(object: object): Map<PropertyKey, unknown> {
  const values = new Map<PropertyKey, unknown>();
  for (const key of Reflect.ownKeys(object)) {
    values.set(key, Object.getOwnPropertyDescriptor(object, key)!.value);
  }
  return values;
}

function plain(value: unknown): PropertyDescriptor {
  return { configurable: true, enumerable: true, writable: true, value };
}

/** Is it certain that Node accepts this call? If so, the call needs no dry run. */
export function isPlain(res: Response, name: Call, args: readonly unknown[]): boolean {
  const first = args[0];
  const encoding = args[1];
  if (name === "flushHeaders") return true;
  if (name === "writeHead") return isStatus(first) && encoding === undefined && args.length <= 2 && !res.statusMessage;
  if (typeof encoding === "string" && !Buffer.isEncoding(encoding)) return false;
  if (res.headersSent) return true;
  const isChunk = typeof first === "string" || first instanceof Uint8Array;
  const isTaken = isChunk || (name === "end" && (!first || typeof first === "function"));
  return isTaken && isStatus(res.statusCode) && !res.statusMessage && !res.strictContentLength;
}

function isStatus(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 100 && (value as number) <= 999;
}
