import { once } from "node:events";
import { connect, createServer } from "node:net";
import { proxiedUrl } from "./proxied-url.js";

/** A TCP proxy that counts the bytes that pass it, in both directions. */
export interface CountingProxy {
  /** A URL of the server, with the proxy's address instead of the server's. */
  urlOf(url: string): string;
  /** The number of bytes so far. */
  bytes(): number;
  /** The number of bytes to the server so far. */
  sent(): number;
  stop(): void;
}

/** Starts a proxy in front of the server with this URL. */
export async function startCountingProxy(url: string): Promise<CountingProxy> {
  const target = new URL(url);
  let bytes = 0;
  let sent = 0;
  const proxy = createServer((client) => {
    const server = connect({ host: target.hostname, port: Number(target.port) });
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      from.setNoDelay(true);
      from.on("data", (data: Buffer) => {
        bytes += data.length;
        if (from === client) sent += data.length;
      });
      from.on("error", () => to.destroy());
      from.on("close", () => to.destroy());
      from.pipe(to);
    }
  }).listen(0, "127.0.0.1");
  await once(proxy, "listening");
  return {
    urlOf: (given) => proxiedUrl(given, proxy),
    bytes: () => bytes,
    sent: () => sent,
    stop: () => void proxy.close(),
  };
}
