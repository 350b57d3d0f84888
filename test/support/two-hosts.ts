import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { afterTest } from "./after-test.js";
import { endPrograms, startProgram } from "./page-program.js";

/** The origins of a recipe's two sites. Their hosts are names of this machine, and their port is the same. */
export interface TwoHosts<Second extends string> {
  origins: Record<"app" | Second, string>;
  /** The port of a server on 127.0.0.1 that passes each request on to the site that its Host header names. */
  port: number;
}

/**
 * Starts the two sites of a recipe until the end of the test: `app`, and one that starts after it.
 *
 * @param second the name of the second site. The recipe's program gets both origins, such as `API_ORIGIN` for `api`.
 */
export async function startTwoHosts<Second extends string>(page: string, second: Second): Promise<TwoHosts<Second>> {
  let ports: Record<string, number> = {};
  const server = createServer((req, res) => {
    const { method, url, headers } = req;
    const port = ports[headers.host!.split(".")[0]!];
    const passed = request({ host: "127.0.0.1", port, method, path: url, headers }, (answer) => {
      res.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(res);
    });
    req.pipe(passed);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  afterTest(() => {
    endPrograms();
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const names = ["app", second] as const;
  const origins = Object.fromEntries(names.map((name) => [name, `http://${name}.site.localhost:${port}`]));
  const env = Object.fromEntries(names.map((name) => [`${name.toUpperCase()}_ORIGIN`, origins[name]]));
  const program = await startProgram(page, "main.ts", env, 2);
  ports = Object.fromEntries(names.map((name, index) => [name, program.ports[index]!]));
  return { origins: origins as TwoHosts<Second>["origins"], port };
}
