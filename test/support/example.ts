import { expect } from "chai";
import type { LoginManager } from "latchkey";
import type { DataSource } from "typeorm";
import { Accounts } from "../../examples/web/accounts.js";
import { createApp } from "../../examples/web/app.js";
import { openDatabase } from "../../examples/web/database.js";
import type { Log } from "../../examples/web/log.js";
import type { Mail } from "../../examples/web/mail.js";
import type { User } from "../../examples/web/user.js";
import { SECRET } from "./people.js";
import { serve } from "./server.js";

/** The first account of the example in the tests. */
export const ANN = { email: "ann@example.com", password: "correct horse battery" };
/** The second account, which has the role admin. */
export const ADMIN = { email: "admin@example.com", password: "seven green doors" };

/** The running example with its own database. */
export interface Example {
  origin: string;
  database: DataSource;
  accounts: Accounts;
  login: LoginManager<User>;
  /** The logged events: names and details. */
  events: Array<[name: string, details: Record<string, unknown>]>;
  /** The e-mail addresses in the logged events of failed logins. */
  failedLogins(): unknown[];
  /** The messages to users. */
  mails: Mail[];
  /** The logged errors. A test that expects an error removes it from this list. */
  errors: unknown[];
  close(): Promise<void>;
}

/** Starts the example with the accounts ANN and ADMIN. */
export async function serveExample(): Promise<Example> {
  const database = await openDatabase();
  const accounts = new Accounts(database);
  await accounts.signUp(ANN.email, ANN.password);
  await accounts.signUp(ADMIN.email, ADMIN.password, ["admin"]);
  const events: Example["events"] = [];
  const mails: Mail[] = [];
  const errors: unknown[] = [];
  const log: Log = {
    event: (name, details) => void events.push([name, details as Record<string, unknown>]),
    error: (error) => void errors.push(error),
  };
  let site: ReturnType<typeof createApp> | undefined;
  const origin = await serve((req, res) => site?.app(req, res));
  site = createApp(database, { origin, secret: SECRET, log, sendMail: (mail) => void mails.push(mail) });
  const { login } = site;
  return {
    ...{ origin, database, accounts, login, events, mails, errors },
    failedLogins: () => events.filter(([name]) => name === "failed login").map(([, { email }]) => email),
    async close() {
      if (database.isInitialized) await database.destroy();
      expect(errors, "unexpected errors").to.deep.equal([]);
    },
  };
}
