import type { LoginManager } from "latchkey";
import type { Accounts } from "./accounts.js";
import type { Log } from "./log.js";
import type { Notices } from "./mail.js";
import type { Factors } from "./second-factor/factors.js";
import type { Tokens } from "./tokens.js";
import type { User } from "./user.js";

/** The services that the controllers use. Each application has its own. */
export interface Site {
  accounts: Accounts;
  tokens: Tokens;
  login: LoginManager<User>;
  log: Log;
  notices: Notices;
  factors: Factors;
  /** The address of the site, such as "https://example.com". */
  origin: string;
  secret: string;
}
