import type { RawAnswer } from "../support/raw-client.js";
import type { BalancedSites } from "./balanced-sites.js";

interface Me {
  name: string;
  note: string | null;
  /** The login in the session; null if the login was restored for this request only. */
  auth: { loginId: string; added?: string } | null;
}

/** A user with one browser. Every response that is not the expected one is a problem. */
export class Visitor {
  readonly problems: string[] = [];
  /** Did a later version begin the login? Then the login must keep the field that this version added. */
  #isMarked = false;
  #cookies = new Map<string, string>();
  #note: string | null = null;

  constructor(
    readonly sites: BalancedSites,
    readonly id: string,
  ) {}

  /** A visit from the login to the logout. After that, no cookie of the visit is worth anything. */
  async visit(): Promise<void> {
    await this.logIn();
    await this.use();
    const kept = this.#header();
    await this.#expect(200, "POST /logout");
    for (const cookie of [kept, ...kept.split("; ")]) await this.#expect(401, "GET /me", cookie);
  }

  async logIn(): Promise<void> {
    this.#cookies = new Map();
    this.#note = null;
    const { text } = await this.#expect(200, `POST /login/${this.id}`);
    this.#isMarked = (JSON.parse(text) as { version: string }).version === "later";
  }

  /** Reads, writes, confirms, opens the browser again and confirms. */
  async use(): Promise<void> {
    await this.look();
    const note = String(Math.random()).slice(2);
    await this.#expect(200, `POST /note/${note}`);
    this.#note = note;
    await this.look();
    await this.#expect(200, "POST /confirm");
    await this.look();
    await this.#reopen();
    await this.#expect(200, "POST /confirm");
    await this.look();
    await this.#list();
  }

  async look(): Promise<void> {
    const answer = await this.#expect(200, "GET /me");
    if (answer.status === 200) this.#check(JSON.parse(answer.text) as Me);
  }

  /** Closes the browser, and opens it again with two tabs, which send the same remember cookie at once. */
  async #reopen(): Promise<void> {
    this.#cookies.delete("sid");
    this.#note = null;
    const cookie = this.#header();
    await Promise.all([this.#expect(200, "GET /me", cookie), this.#expect(200, "GET /me", cookie)]);
    await this.look();
  }

  async #list(): Promise<void> {
    const answer = await this.#expect(200, "GET /logins");
    if (answer.status !== 200) return;
    const logins = JSON.parse(answer.text) as Array<{ current: boolean; persistent: boolean }>;
    if (logins.length !== 1 || !logins[0]!.current || !logins[0]!.persistent) this.#report("the list", answer.text);
  }

  #check({ name, note, auth }: Me): void {
    if (name !== `User ${this.id}`) this.#report("another identity", name);
    if (note !== this.#note) this.#report("the note", `${note} instead of ${this.#note}`);
    if (this.#isMarked && auth && auth.added !== auth.loginId) this.#report("the added field", JSON.stringify(auth));
  }

  async #expect(status: number, line: string, cookie = this.#header()): Promise<RawAnswer> {
    const answer = await this.sites.send(line, { cookie });
    if (answer.status !== status) this.#report(line, `${answer.status} ${answer.text}`);
    for (const pair of answer.cookie ? answer.cookie.split("; ") : []) {
      const at = pair.indexOf("=");
      this.#cookies.set(pair.slice(0, at), pair);
    }
    return answer;
  }

  #header(): string {
    return [...this.#cookies.values()].join("; ");
  }

  #report(what: string, was: string): void {
    this.problems.push(`user ${this.id}, with ${this.sites.versions.join(", ")}: ${what} was ${was}`);
  }
}
