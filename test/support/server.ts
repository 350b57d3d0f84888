import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";

const running = new Set<Server>();

/** Serves an application on a free port until the end of the test. */
export async function serve(app: RequestListener): Promise<string> {
  const server = createServer(app);
  running.add(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Mocha's root hook: no test leaves a server behind. */
export const mochaHooks = {
  async afterEach(): Promise<void> {
    for (const server of running) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
    running.clear();
  },
};
