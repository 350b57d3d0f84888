import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { expect } from "chai";
import type { Express } from "express";
import sinon from "sinon";
import * as accountsAfter from "../../examples/passport-after/accounts.js";
import * as appAfter from "../../examples/passport-after/app.js";
import * as accountsBefore from "../../examples/passport-before/accounts.js";
import * as appBefore from "../../examples/passport-before/app.js";
import { Browser } from "./browser.js";
import { SECRET } from "./people.js";
import { serve } from "./server.js";

/** The accounts of the address book. */
export const ANN = { email: "ann@example.com", password: "correct horse" };
export const BOB = { email: "bob@example.com", password: "battery staple" };
export const ADMIN = { email: "admin@example.com", password: "staple staple" };

/** A running address book. */
export interface AddressBook {
  origin: string;
  /** The number of lookups of an account by its id. */
  lookUps(): number;
  /** Makes every later lookup fail. */
  breakLookUps(): void;
}

/** The address book with Passport, and the same address book with latchkey. */
export const addressBooks = {
  Passport: () => open(new accountsBefore.Accounts(), appBefore.createApp),
  latchkey: () => open(new accountsAfter.Accounts(), appAfter.createApp),
};

/** Logs in, and returns the URL that the response redirects to. */
export async function logIn(browser: Browser, form: Record<string, string> = ANN): Promise<string> {
  const answer = await browser.post("/login", { form });
  expect(answer.status).to.equal(302);
  return answer.location!;
}

/** A browser that has logged in and has shown the welcome message. */
export async function loggedIn(origin: string, form: Record<string, string> = ANN): Promise<Browser> {
  const browser = new Browser(origin);
  expect((await browser.get(await logIn(browser, form))).text).to.include("Welcome back.");
  return browser;
}

/** The name of the user who is logged in with this browser, or null. */
export async function whoIs(browser: Browser): Promise<string | null> {
  const { status, text } = await browser.get("/contacts");
  return status === 200 ? /<main>(\S+) has/.exec(text)![1]! : null;
}

/** A second browser with a copy of a browser's cookies. */
export async function copyOf({ origin, jar }: Browser): Promise<Browser> {
  const copy = new Browser(origin, { accept: "text/html", "user-agent": "another browser" });
  copy.jar = await jar.clone();
  return copy;
}

/** An import whose request body is not complete yet, as on a slow connection. */
export interface Import {
  /** Sends the rest of the body, stores the cookies of the response, and returns the URL that it redirects to. */
  finish(): Promise<string | undefined>;
}

/** Starts to send contacts. */
export async function beginImport({ origin, jar }: Browser): Promise<Import> {
  const url = `${origin}/contacts/import`;
  const headers = { cookie: await jar.getCookieString(url), "content-type": "text/csv" };
  const sent = request(url, { method: "POST", headers });
  sent.write("Carol,1\n");
  return {
    async finish() {
      const answered = once(sent, "response");
      sent.end("Dan,2\n");
      const [answer] = (await answered) as [IncomingMessage];
      answer.resume();
      for (const set of answer.headers["set-cookie"] ?? []) await jar.setCookie(set, url);
      return answer.headers.location;
    },
  };
}

interface AnyAccounts {
  add(email: string, password: string, roles?: string[]): Promise<void>;
  find(id: string): Promise<object | undefined>;
}

async function open<A extends AnyAccounts>(
  accounts: A,
  createApp: (accounts: A, secret: string) => Express,
): Promise<AddressBook> {
  await accounts.add(ANN.email, ANN.password);
  await accounts.add(BOB.email, BOB.password);
  await accounts.add(ADMIN.email, ADMIN.password, ["admin"]);
  const find = sinon.spy(accounts, "find");
  const app = createApp(accounts, SECRET).set("env", "test");
  return {
    origin: await serve(app),
    lookUps: () => find.callCount,
    breakLookUps() {
      find.restore();
      sinon.stub(accounts, "find").rejects(new Error("the database is not available"));
    },
  };
}
