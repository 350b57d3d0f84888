import type { LoginManager } from "latchkey";
import type { Accounts } from "./accounts.js";
import type { Log } from "./log.js";
import type { Tokens } from "./tokens.js";
import type { User } from "./user.js";

/** What the controllers work with; there is one for each application. */
export interface Site {
  accounts: Accounts;
  tokens: Tokens;
  login: LoginManager<User>;
  log: Log;
}
