import type { Duplex } from "node:stream";
import { expect } from "chai";
import type { LoginManager } from "latchkey";
import { TOTP } from "otpauth";
import sinon from "sinon";
import type { DataSource } from "typeorm";
import { Accounts } from "../../examples/web/accounts.js";
import { createApp } from "../../examples/web/app.js";
import { openDatabase } from "../../examples/web/database.js";
import type { Mail } from "../../examples/web/mail.js";
import type { Factors } from "../../examples/web/second-factor/factors.js";
import type { User } from "../../examples/web/user.js";
import { afterTest } from "./after-test.js";
import type { Authenticator } from "./authenticator.js";
import { type Answer, Browser } from "./browser.js";
import { SECRET } from "./people.js";
import { serve } from "./server.js";

/** The accounts of the example in the tests. */
export const ANN = { email: "ann@example.com", password: "correct horse battery" };
export const BOB = { email: "bob@example.com", password: "seven green doors" };

/** The running example, with the accounts ANN and BOB. */
export interface SecondFactorSite {
  /** With the host localhost, because passkeys do not work on an IP address. */
  origin: string;
  database: DataSource;
  accounts: Accounts;
  factors: Factors;
  login: LoginManager<User>;
  /** The messages to users. */
  mails: Mail[];
  account(email: string): Promise<User>;
  client(): Client;
  /** A client that has sent the password, and is asked for a second factor. */
  halfway(person?: Person): Promise<Client>;
  /**
   * A logged-in client, and the secret of the authenticator app that it has set up. The next code can be used at once,
   * because it moves the fake clock by 30 seconds.
   */
  withApp(person?: Person): Promise<{ browser: Client; secret: string }>;
}

type Person = typeof ANN;

/** Starts the example. The server and the database end with the test. */
export async function serveSecondFactor(): Promise<SecondFactorSite> {
  const database = await openDatabase();
  afterTest(() => database.destroy());
  const accounts = new Accounts(database);
  for (const { email, password } of [ANN, BOB]) await accounts.signUp(email, password);
  let site: ReturnType<typeof createApp> | undefined;
  // Without the live notes. Otherwise the request for them would get a page, which takes the flash messages.
  const refuse = (_req: unknown, socket: Duplex) => socket.end("HTTP/1.1 503 No Live Notes\r\n\r\n");
  const origin = (await serve((req, res) => site?.app(req, res), refuse)).replace("127.0.0.1", "localhost");
  const mails: Mail[] = [];
  const log = { event() {}, error: (error: unknown) => console.error(error) };
  site = createApp(database, { origin, secret: SECRET, log, sendMail: (mail) => void mails.push(mail) });
  site.app.set("env", "test"); // otherwise Express prints an error that came after its response had begun
  const factors: Factors = site.app.get("site").factors;
  const account = async (email: string) => (await accounts.authenticate(email, passwordOf(email)))!;
  const client = () => new Client(origin);
  return {
    ...{ origin, database, accounts, factors, login: site.login, mails, account, client },
    async halfway(person = ANN) {
      const browser = client();
      expect((await browser.logIn(person)).location).to.equal("/second-factor?next=%2Fdashboard");
      return browser;
    },
    async withApp(person = ANN) {
      const browser = client();
      await browser.logIn(person);
      const secret = await browser.addApp();
      sinon.clock.tick(30_000);
      return { browser, secret };
    },
  };
}

function passwordOf(email: string): string {
  return [ANN, BOB].find((person) => person.email === email)!.password;
}

/** The code that an authenticator app with this secret shows, at this time in milliseconds. */
export function codeOf(secret: string, timestamp = Date.now()): string {
  return new TOTP({ secret }).generate({ timestamp });
}

/** A browser that uses the pages of the example. */
export class Client extends Browser {
  /** Sends the password. */
  logIn(form: Record<string, string> = ANN): Promise<Answer> {
    return this.post("/login", { form });
  }

  sendCode(code: string, form: Record<string, string> = {}): Promise<Answer> {
    return this.post("/second-factor", { form: { code, ...form } });
  }

  /** Sets up an authenticator app for the logged-in user. Returns its secret. */
  async addApp(): Promise<string> {
    const page = await this.get("/security/app");
    const secret = /<code class="secret">([^<]+)</.exec(page.text)![1]!.replaceAll(" ", "");
    const answer = await this.post("/security/app", { form: { code: codeOf(secret) } });
    expect(answer.status, answer.text).to.equal(303);
    return secret;
  }

  /** Makes new recovery codes. */
  async makeRecoveryCodes(): Promise<string[]> {
    const { text } = await this.post("/security/recovery-codes");
    return [...text.matchAll(/<code>([^<]+)</g)].map(([, code]) => code!);
  }

  /** Adds a passkey for the logged-in user. */
  async addPasskey(authenticator: Authenticator): Promise<Answer> {
    const options = await this.json("/security/passkeys/options");
    return this.json("/security/passkeys", { response: authenticator.register(options.json()) });
  }

  /** Uses a passkey, at `/login/passkey` or `/second-factor/passkey`. */
  async usePasskey(authenticator: Authenticator, path: string, more: object = {}): Promise<Answer> {
    const options = await this.json(`${path}/options`);
    return this.json(path, { response: authenticator.sign(options.json()), ...more });
  }

  /** Sends JSON, as the script of the pages does. */
  json(path: string, json: object = {}): Promise<Answer> {
    return this.post(path, { json, headers: { accept: "application/json" } });
  }

  /** Is the user logged in? */
  async isIn(): Promise<boolean> {
    return (await this.get("/security")).status === 200;
  }
}
