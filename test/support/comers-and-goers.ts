import { send } from "./raw-client.js";

/** Clients that log in again and again, log out of every second login, and record each success. */
export class ComersAndGoers {
  /** The cookies of logins that succeeded, without those whose logout was tried. */
  readonly loggedIn = new Set<string>();
  /** The cookies of logins whose logout succeeded. */
  readonly loggedOut = new Set<string>();
  /** The number of responses by status. */
  readonly counts: Record<number, number> = {};
  readonly #working: Promise<void>[];
  #going = true;

  constructor(
    readonly origin: string,
    clients = 4,
  ) {
    this.#working = Array.from({ length: clients }, (_, client) => this.#comeAndGo(client % 2 === 0 ? "1" : "2"));
  }

  async stop(): Promise<void> {
    this.#going = false;
    await Promise.all(this.#working);
  }

  /** Counts the logins that no longer work, and the ended logins that work again. */
  async contradictions(): Promise<{ lost: number; returned: number }> {
    const lost = await this.#count(this.loggedIn, 401);
    const returned = await this.#count(this.loggedOut, 200);
    return { lost, returned };
  }

  async #count(cookies: Set<string>, wrong: number): Promise<number> {
    let count = 0;
    for (const cookie of cookies) {
      let status: number;
      do ({ status } = await send(this.origin, "GET /me", { cookie }));
      while (status === 503); // on a busy machine a call to the store may time out
      if (status !== 200 && status !== 401) throw new Error(`unexpected status ${status}: the store has not recovered`);
      if (status === wrong) count++;
    }
    return count;
  }

  async #comeAndGo(id: string): Promise<void> {
    for (let round = 0; this.#going; round++) {
      const login = await this.#send(`POST /login/${id}`);
      if (login.status !== 200) continue;
      const { cookie } = login;
      if (round % 2 === 0) this.loggedIn.add(cookie);
      else if ((await this.#send("POST /logout", cookie)).status === 200) this.loggedOut.add(cookie);
    }
  }

  async #send(line: string, cookie?: string) {
    const answer = await send(this.origin, line, cookie ? { cookie } : {});
    this.counts[answer.status] = (this.counts[answer.status] ?? 0) + 1;
    return answer;
  }
}
