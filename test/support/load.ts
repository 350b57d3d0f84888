import { send } from "./raw-client.js";

/** A session, and the name of the person whom it is for. */
export interface Held {
  cookie: string;
  name: string;
}

/** Logs in by turns as Ann and Bob, and tries each until it succeeds, because a store on a busy machine may be too slow. */
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
 * Clients that go on asking who they are, some by one session each, some by a new session for every round: they log in, ask,
 * log out and ask again.
 */
export class Load {
  /** What is going on meanwhile; an answer counts for it when it went on all the time since the request. */
  phase = "before";
  /** Answers where another person was served, or somebody whose logout was acknowledged. */
  readonly wrong: string[] = [];
  readonly #counts: Record<string, Record<number, number>> = {};
  /** The last answers of the phase that had the same status. */
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

  /** How many answers of each status a phase had. */
  counts(phase = this.phase): Record<number, number> {
    return this.#counts[phase] ?? {};
  }

  /** Were there so many answers of this status in this phase? */
  had(status: number, times = 50): boolean {
    return (this.counts()[status] ?? 0) >= times;
  }

  /** Did the last answers of this phase have this status, this many times? On a busy machine a call may be too late now and then. */
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
