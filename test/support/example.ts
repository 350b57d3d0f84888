import { expect } from "chai";
import type { DataSource } from "typeorm";
import { Accounts } from "../../examples/web/accounts.js";
import { createApp } from "../../examples/web/app.js";
import { openDatabase } from "../../examples/web/database.js";
import { SECRET } from "./people.js";
import { serve } from "./server.js";

/** The first account of the example in tests. */
export const ANN = { email: "ann@example.com", password: "correct horse battery" };
/** The second one. */
export const ADMIN = { email: "admin@example.com", password: "staple staple staple" };

/** The example, served on a database of its own. */
export interface Example {
  origin: string;
  database: DataSource;
  accounts: Accounts;
  /** The e-mails of failed logins, as logged. */
  failedLogins: string[];
  /** The errors that were logged; a test that expects one takes it out. */
  errors: unknown[];
  close(): Promise<void>;
}

/** Serves the example with the accounts of ANN and ADMIN. */
export async function serveExample(): Promise<Example> {
  const database = await openDatabase();
  const accounts = new Accounts(database);
  await accounts.signUp(ANN.email, ANN.password);
  await accounts.signUp(ADMIN.email, ADMIN.password, ["admin"]);
  const failedLogins: string[] = [];
  const errors: unknown[] = [];
  const log = {
    failedLogin: (_req: unknown, email: string) => void failedLogins.push(email),
    error: (error: unknown) => void errors.push(error),
  };
  return {
    origin: await serve(createApp(database, { secret: SECRET, log })),
    ...{ database, accounts, failedLogins, errors },
    async close() {
      if (database.isInitialized) await database.destroy();
      expect(errors, "errors that nobody expected").to.deep.equal([]);
    },
  };
}
