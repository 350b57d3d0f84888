import { asText, commandsOf, type RedisClient, type RedisCommands } from "./commands.js";
import { READ, type Script } from "./scripts.js";

/** The default prefix of a store's keys. */
export const PREFIX = "latchkey:";

/** How long a deletion waits for replicas, in milliseconds. */
const REPLICATION_TIMEOUT = 1000;
/** Matches the error for an unknown script, both from Redis and from Valkey GLIDE. */
const NO_SCRIPT = /\bNOSCRIPT\b|\bNoScriptError\b/;

/** Sends a store's commands, with the store's prefix before every key. */
export class RedisConnection {
  readonly #commands: RedisCommands;
  readonly #prefix: string;
  readonly #waitReplicas: number;

  /**
   * @throws TypeError if latchkey does not recognize the client, or if `waitReplicas` is invalid or the client does not
   * support it
   */
  constructor(client: RedisClient, prefix: string, waitReplicas: number) {
    this.#commands = commandsOf(client);
    this.#prefix = prefix;
    this.#waitReplicas = waitReplicas;
    if (!Number.isInteger(waitReplicas) || waitReplicas < 0) {
      throw new TypeError(`waitReplicas must be a whole number, zero or more, not ${String(waitReplicas)}`);
    }
    if (waitReplicas > 0 && !this.#commands.wait) {
      throw new TypeError("waitReplicas must be 0 for a Cluster or a pool: WAIT needs one connection to one master");
    }
  }

  /** Returns the value of a key, or null. */
  async get(key: string): Promise<string | null> {
    const { get } = this.#commands;
    const value = get ? asText(await get(`${this.#prefix}${key}`)) : await this.run(READ, key);
    return typeof value === "string" ? value : null;
  }

  /**
   * Runs a script by its hash. If the server does not know the script yet, sends its text, which the server then
   * stores.
   */
  async run({ text, sha1 }: Script, key: string, ...args: Array<string | number>): Promise<unknown> {
    const evaluate = async (command: "EVAL" | "EVALSHA", script: string) =>
      asText(await this.#commands.evaluate(command, script, `${this.#prefix}${key}`, args.map(String)));
    try {
      return await evaluate("EVALSHA", sha1);
    } catch (error) {
      if (!NO_SCRIPT.test(String(error))) throw error;
      return evaluate("EVAL", text);
    }
  }

  /**
   * Waits until `waitReplicas` replicas confirm the deletion.
   *
   * @throws Error if they do not confirm it within a second
   */
  async replicated(): Promise<void> {
    if (this.#waitReplicas === 0) return;
    const reached = Number(await this.#commands.wait!(this.#waitReplicas, REPLICATION_TIMEOUT));
    if (reached < this.#waitReplicas) {
      throw new Error(`only ${reached} of ${this.#waitReplicas} replicas have deleted the record`);
    }
  }
}
