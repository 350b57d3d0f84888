import { createHash, randomBytes } from "node:crypto";
import type { Request } from "express";
import type { DataSource, Repository } from "typeorm";
import { checkedName, InvalidInput } from "./invalid-input.js";
import { isApi } from "./paths.js";
import { Token } from "./token.js";
import { User } from "./user.js";

/** The personal access tokens: what a program logs in to the API with, in the place of a person. */
export class Tokens {
  readonly #tokens: Repository<Token>;
  readonly #users: Repository<User>;

  constructor(dataSource: DataSource) {
    this.#tokens = dataSource.getRepository(Token);
    this.#users = dataSource.getRepository(User);
  }

  list({ id: userId }: User): Promise<Token[]> {
    return this.#tokens.find({ where: { userId }, order: { id: "DESC" } });
  }

  /**
   * @returns the token, which cannot be shown again
   * @throws InvalidInput
   */
  async create({ id: userId }: User, givenName: string): Promise<string> {
    const name = checkedName(givenName);
    if (!name) throw new InvalidInput({ name: "Say what the token is for." });
    // The prefix lets scanners find tokens that were published by mistake.
    const token = `example_${randomBytes(32).toString("base64url")}`;
    await this.#tokens.save(this.#tokens.create({ userId, name, hash: hashOf(token) }));
    return token;
  }

  /** Only its owner's, so that nobody revokes another's by trying numbers. */
  async revoke({ id: userId }: User, id: string): Promise<boolean> {
    const { affected } = await this.#tokens.delete({ id: Number(id), userId });
    return affected === 1;
  }

  /** latchkey's request loader: the user of `Authorization: Bearer`. A token opens the API, and no page. */
  async userOf(req: Request): Promise<User | null> {
    const token = /^Bearer +(\S+)$/i.exec(req.get("authorization") ?? "")?.[1];
    if (token === undefined || !isApi(req)) return null;
    const found = await this.#tokens.findOneBy({ hash: hashOf(token) });
    return found && this.#users.findOneBy({ id: found.userId });
  }
}

function hashOf(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}
