import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";

const running = new Set<Server>();
const upgraded = new Set<Duplex>();

/** Serves an application on a free port until the end of the test. */
export async function serve(
  app: RequestListener,
  onUpgrade?: (req: IncomingMessage, socket: Duplex, head: Buffer) => unknown,
): Promise<string> {
  // The server does not close idle connections. Otherwise it could close one just when the client sends a request on
  // it.
  const server = createServer({ keepAliveTimeout: 0 }, app);
  running.add(server);
  if (onUpgrade) {
    server.on("upgrade", (req, socket, head) => {
      upgraded.add(socket);
      socket.on("error", () => {}); // the client may have left
      onUpgrade(req, socket, head);
    });
  }
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A root hook of Mocha that closes every server after each test. */
export const mochaHooks = {
  async afterEach(): Promise<void> {
    for (const socket of upgraded) socket.destroy();
    upgraded.clear();
    for (const server of running) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
    running.clear();
  },
};
