// npm run build && npm run build:examples && node build/examples/passport-after/main.js

import { randomBytes } from "node:crypto";
import type { AddressInfo } from "node:net";
import { Accounts } from "./accounts.js";
import { createApp } from "./app.js";

const { PORT = "3000", SECRET = randomBytes(32).toString("hex") } = process.env;

const accounts = new Accounts();
await accounts.add("ann@example.com", "correct horse");
await accounts.add("admin@example.com", "battery staple", ["admin"]);

const server = createApp(accounts, SECRET).listen(Number(PORT), "localhost", () => {
  console.log(`http://localhost:${(server.address() as AddressInfo).port}`);
});
