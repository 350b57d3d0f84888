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

const {
  PORT = "3000",
  HOST = "localhost",
  DATABASE,
  SECRET,
  SESSION_STORE = "memory:",
  ORIGIN,
  DEVICE_BOUND,
} = process.env;

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

console.log("\nEvery route and its guard:");
for (const { method, path, guard, roles, within, methods = [], required } of guardTable(controllers)) {
  const factors = required ? ["and the second factor, if there is one"] : methods;
  const age = within && `within ${within / 60_000} minutes`;
  const detail = [roles.flat().join(" or "), age, ...factors].filter(Boolean).join(", ");
  console.log(`  ${method.padEnd(5)} ${path.padEnd(32)} ${guard}${detail ? ` (${detail})` : ""}`);
}

const server = createServer();
server.on("error", (error: NodeJS.ErrnoException) => {
  const isTaken = error.code === "EADDRINUSE";
  console.error(isTaken ? `Port ${PORT} is in use. Try another one: PORT=3001 npm start` : error.message);
  process.exitCode = 1;
});
server.listen({ port: Number(PORT), host: HOST }, () => {
  const { port } = server.address() as AddressInfo; // PORT=0 selects a free port
  const origin = ORIGIN ?? `http://${HOST}:${port}`;
  const { app, login } = createApp(dataSource, {
    origin,
    secret: SECRET || randomBytes(32).toString("base64url"),
    store,
    bindsDevices: DEVICE_BOUND === "1",
  });
  server.on("request", app);
  new LiveNotes(login, consoleLog).serve(server);
  console.log(`\nRunning at ${origin}`);
});
