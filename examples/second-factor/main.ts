// Logins with two factors: an authenticator app, passkeys and recovery codes.
//
//   npm run build && npm run build:examples && node build/examples/second-factor/main.js

import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { guardTable } from "latchkey/routing-controllers";
import { Accounts } from "./accounts.js";
import { controllers, createApp } from "./app.js";

const { PORT = "3000", SECRET = randomBytes(32).toString("base64url") } = process.env;

console.log("Every route and its guard:");
for (const { method, path, guard, methods = [], required } of guardTable(controllers)) {
  const factors = required ? "(and the required methods)" : methods.join(" ");
  console.log(`  ${method.padEnd(5)} ${path.padEnd(32)} ${guard} ${factors}`);
}

const accounts = await Accounts.open();
const server = createServer();
server.listen({ port: Number(PORT), host: "localhost" }, () => {
  const origin = `http://localhost:${(server.address() as AddressInfo).port}`; // of a real site: from a setting
  server.on("request", createApp(accounts, { origin, secret: SECRET }).app);
  console.log(`\nRunning at ${origin}. Accounts are in memory, and lost when the process ends.`);
});
