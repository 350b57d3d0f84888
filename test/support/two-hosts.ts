import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { afterTest } from "./after-test.js";
import { endPrograms, startProgram } from "./page-program.js";

/** The origins of the two sites of the recipe. Their hosts are names of this machine, and their port is the same. */
export interface TwoHosts {
  app: string;
  accounts: string;
  /** The port of a server on 127.0.0.1 that passes each request on to the site that its Host header names. */
  port: number;
}

/** Starts the two sites of docs/recipes/login-page-elsewhere.md until the end of the test. */
export async function startTwoHosts(): Promise<TwoHosts> {
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
  const [app, accounts] = ["app", "accounts"].map((name) => `http://${name}.site.localhost:${port}`) as [
    string,
    string,
  ];
  const env = { APP_ORIGIN: app, ACCOUNTS_ORIGIN: accounts };
  const program = await startProgram("docs/recipes/login-page-elsewhere.md", "main.ts", env, 2);
  ports = { app: program.ports[0]!, accounts: program.ports[1]! };
  return { app, accounts, port };
}
