import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A TCP proxy in front of a server. It delays everything by the same time in each direction. */
export interface SlowNetwork {
  /** The URL of the server, through the proxy. */
  url: string;
  close(): void;
}

/** @param delay in each direction, in milliseconds */
export async function slowNetwork(url: string, delay: number): Promise<SlowNetwork> {
  const { hostname: host, port } = new URL(url);
  const sockets = new Set<Socket>();
  const forward = (from: Socket, to: Socket) => {
    from.setNoDelay(true);
    from.on("data", (data) => setTimeout(() => to.write(data), delay));
    from.on("error", () => {});
    from.on("close", () => setTimeout(() => to.end(), delay));
    sockets.add(from);
  };
  const proxy = createServer((client) => {
    const server = connect({ host, port: Number(port) });
    forward(client, server);
    forward(server, client);
  }).listen(0, "127.0.0.1");
  await once(proxy, "listening");
  const through = new URL(url);
  through.port = String((proxy.address() as AddressInfo).port);
  return {
    url: through.href,
    close() {
      proxy.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
