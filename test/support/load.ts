import { send } from "./raw-client.js";

/** A session cookie and the name of its user. */
export interface Held {
  cookie: string;
  name: string;
}

/** Logs in alternately as Ann and Bob. Retries a failed login, because the store may be too slow on a busy machine. */
export async function holdersOf(origin: string, count: number): Promise<Held[]> {
  const holders: Held[] = [];
  while (holders.length < count) {
    const [id, name] = holders.length % 2 ? ["2", "Bob"] : ["1", "Ann"];
    const { status, cookie } = await send(origin, `POST /login/${id}`);
    if (status === 200) holders.push({ name: name!, cookie });
  }
  return holders;
}

/**
 * Clients that request `/me` again and again. Some always use the same session. The others use a new session in each
 * round: they log in, request `/me`, log out and request it again.
 */
export class Load {
  /** The current phase of the test. A response is counted only if the phase did not change since its request. */
  phase = "before";
  /** Responses with the page of another user, or of a user who had already logged out. */
  readonly wrong: string[] = [];
  readonly #counts: Record<string, Record<number, number>> = {};
  /** The latest responses: how many in a row had the same phase and status. */
  #row = { phase: "", status: 0, times: 0 };
  readonly #working: Promise<void>[];
  #going = true;

  constructor(
    readonly origin: string,
    holders: Held[],
    passersBy = 4,
  ) {
    this.#working = [
      ...holders.map((holder) => this.#loop(() => this.#ask(holder))),
      ...Array.from({ length: passersBy }, () => this.#loop(() => this.#passBy())),
    ];
  }

  /** The number of responses of a phase, by status. */
  counts(phase = this.phase): Record<number, number> {
    return this.#counts[phase] ?? {};
  }

  /** Were there at least this many responses with this status in the current phase? */
  had(status: number, times = 50): boolean {
    return (this.counts()[status] ?? 0) >= times;
  }

  /** Did the latest `times` responses of this phase all have this status? */
  hadInARow(status: number, times = 50): boolean {
    const row = this.#row;
    return row.phase === this.phase && row.status === status && row.times >= times;
  }

  async stop(): Promise<void> {
    this.#going = false;
    await Promise.all(this.#working);
  }

  async #loop(round: () => Promise<unknown>): Promise<void> {
    while (this.#going) await round();
  }

  async #ask({ cookie, name }: Held, ended = false): Promise<void> {
    const { status, text } = await this.#send("GET /me", cookie, ended);
    if (status === 200 && (ended || JSON.parse(text).name !== name)) this.wrong.push(`${name}: ${text}`);
  }

  async #passBy(): Promise<void> {
    const { status, cookie } = await this.#send("POST /login/2");
    if (status !== 200) return;
    await this.#ask({ cookie, name: "Bob" });
    const logout = await this.#send("POST /logout", cookie);
    if (logout.status === 200) await this.#ask({ cookie, name: "Bob" }, true);
  }

  async #send(line: string, cookie?: string, ended = false) {
    const { phase } = this;
    const answer = await send(this.origin, line, cookie ? { cookie } : {});
    if (phase === this.phase && !(ended && answer.status === 401)) {
      this.#counts[phase] ??= {};
      this.#counts[phase][answer.status] = (this.#counts[phase][answer.status] ?? 0) + 1;
      const goesOn = this.#row.phase === phase && this.#row.status === answer.status;
      this.#row = { phase, status: answer.status, times: goesOn ? this.#row.times + 1 : 1 };
    }
    return answer;
  }
}
