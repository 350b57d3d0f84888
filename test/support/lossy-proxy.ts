import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { proxiedUrl } from "./proxied-url.js";

/**
 * A TCP proxy that can lose connections like a network: it stops forwarding data, but does not close the connections.
 */
export interface LossyProxy {
  /** A URL of the server, with the proxy's address instead of the server's. */
  urlOf(url: string): string;
  /** Loses the connections that are open now. Later connections work. */
  loseAll(): void;
  /** Loses the connections that are open now, and later ones too, until `mend` is called. */
  loseAllAndLater(): void;
  /** Lets later connections work again. Lost connections stay lost. */
  mend(): void;
  /** Loses all open and later connections as soon as a client sends this text. */
  loseAllAt(text: string): void;
  /** Loses the open connections as soon as a client sends this text. Later connections work. */
  loseOpenAt(text: string): void;
  /** The number of connections that clients have opened. */
  opened(): number;
  /** Closes every connection. */
  stop(): void;
}

/** Starts a proxy in front of the server with this URL. */
export async function startLossyProxy(url: string): Promise<LossyProxy> {
  const target = new URL(url);
  const pairs = new Set<{ sockets: Socket[]; isLost: boolean }>();
  let trigger: { text: string; losesLater: boolean } | undefined;
  let areAllLost = false;
  let count = 0;

  const loseAll = () => {
    for (const pair of pairs) pair.isLost = true;
  };
  const proxy = createServer({ allowHalfOpen: true }, (client) => {
    count++;
    const server = connect({ host: target.hostname, port: Number(target.port), allowHalfOpen: true });
    const pair = { sockets: [client, server], isLost: areAllLost };
    pairs.add(pair);
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      from.on("data", (data) => {
        if (from === client && trigger && data.includes(trigger.text)) {
          areAllLost = trigger.losesLater;
          loseAll();
        }
        if (!pair.isLost) to.write(data);
      });
      from.on("end", () => {
        if (!pair.isLost) to.end();
      });
      from.on("error", () => {});
      from.on("close", () => {
        if (!pair.isLost) to.destroy();
      });
    }
  }).listen(0, "127.0.0.1");
  await once(proxy, "listening");

  return {
    urlOf: (given) => proxiedUrl(given, proxy),
    loseAll,
    loseAllAndLater() {
      areAllLost = true;
      loseAll();
    },
    mend() {
      areAllLost = false;
    },
    loseAllAt(text) {
      trigger = { text, losesLater: true };
    },
    loseOpenAt(text) {
      trigger = { text, losesLater: false };
    },
    opened: () => count,
    stop() {
      proxy.close();
      for (const { sockets } of pairs) for (const socket of sockets) socket.destroy();
    },
  };
}
