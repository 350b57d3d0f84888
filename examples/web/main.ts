import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { guardTable } from "latchkey/routing-controllers";
import { openStore } from "latchkey/stores";
import { Accounts } from "./accounts.js";
import { controllers, createApp } from "./app.js";
import { openDatabase } from "./database.js";
import { LiveNotes } from "./live.js";
import { consoleLog } from "./log.js";

const { PORT = "3000", HOST = "localhost", DATABASE, SECRET, SESSION_STORE = "memory:" } = process.env;

const dataSource = await openDatabase(DATABASE);
if (!DATABASE)
  console.log("Accounts are kept in memory and lost when the process ends. Set DATABASE=data.sqlite to keep them.");
if (!SECRET) console.log("Each start uses a new secret, which ends all logins. Set SECRET to keep them.");

const accounts = new Accounts(dataSource);
if ((await accounts.list()).length === 0) {
  const password = randomBytes(12).toString("base64url");
  await accounts.signUp("admin@example.com", password, ["admin"]);
  console.log(`The admin of this example: admin@example.com, password ${password}`);
}

const store = await openStore(SESSION_STORE);
const { app, login } = createApp(dataSource, { secret: SECRET || randomBytes(32).toString("base64url"), store });

console.log("\nEvery route and its guard:");
for (const { method, path, guard, roles, within } of guardTable(controllers)) {
  const detail = [roles.flat().join(" or "), within && `within ${within / 60_000} minutes`].filter(Boolean).join(", ");
  console.log(`  ${method.padEnd(5)} ${path.padEnd(26)} ${guard}${detail ? ` (${detail})` : ""}`);
}

const server = createServer(app);
new LiveNotes(login, consoleLog).serve(server);
server.on("error", (error: NodeJS.ErrnoException) => {
  const isTaken = error.code === "EADDRINUSE";
  console.error(isTaken ? `Port ${PORT} is in use. Try another one: PORT=3001 npm start` : error.message);
  process.exitCode = 1;
});
server.listen({ port: Number(PORT), host: HOST }, () => {
  const { port } = server.address() as AddressInfo; // PORT=0 selects a free port
  console.log(`\nRunning at http://${HOST}:${port}`);
});
