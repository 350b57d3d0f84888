import { connect, type Socket } from "node:net";
import type { Spec } from "./spec.js";
import type { Way } from "./way.js";

/** One connection to a program, and everything that came back. */
export class Exchange {
  readonly pieces: Buffer[] = [];
  /** Increases with every chunk that arrives. */
  moves = 0;
  readonly closed: Promise<void>;
  readonly #socket: Socket;

  constructor(port: number, request: string, leavesAtFirstBytes: boolean) {
    this.#socket = connect(port, "127.0.0.1");
    this.#socket.on("error", () => {});
    this.#socket.on("data", (piece: Buffer) => {
      this.pieces.push(piece);
      this.moves++;
      if (leavesAtFirstBytes) this.leave();
    });
    this.closed = new Promise((resolve) => this.#socket.once("close", () => resolve()));
    this.#socket.write(request);
  }

  leave(): void {
    this.#socket.destroy();
  }

  get bytes(): Buffer {
    return Buffer.concat(this.pieces);
  }
}

/** The requests of a case, to be sent at once over one connection. The server closes the connection at the end. */
export function requestOf(id: string, spec: Spec, way: Way, cookie: string): string {
  const given = { spec: encodeURIComponent(JSON.stringify(spec)), "accept-encoding": "gzip", ...way.headers };
  const other = (path: string, close: boolean) => request("GET", `/${id}${path}`, { spec: given.spec }, close);
  const close = spec.client !== "before another request";
  const version = spec.client === "HTTP/1.0" ? "1.0" : "1.1";
  const own = request(way.method ?? "GET", `/${id}/way${way.query ?? ""}`, { ...given, cookie }, close, version);
  if (spec.client === "before another request") return own + other("/after", true);
  if (spec.client === "behind another request") return other("/before", false) + own;
  return own;
}

/** The methods of these requests, in order. */
export function methodsOf(spec: Spec, way: Way): string[] {
  const own = way.method ?? "GET";
  if (spec.client === "before another request") return [own, "GET"];
  return spec.client === "behind another request" ? ["GET", own] : [own];
}

export function request(
  method: string,
  path: string,
  headers: Record<string, string>,
  close: boolean,
  version = "1.1",
): string {
  const given: Record<string, string> = { host: "localhost", ...headers, connection: close ? "close" : "keep-alive" };
  if (method === "POST") given["content-length"] = "0";
  const lines = Object.entries(given).filter(([, value]) => value !== "");
  return `${method} ${path} HTTP/${version}\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`;
}
