import { createHash, randomBytes } from "node:crypto";
import type { Request } from "express";
import type { DataSource, Repository } from "typeorm";
import { checkedName, InvalidInput } from "./invalid-input.js";
import { isApi } from "./paths.js";
import { Token } from "./token.js";
import { User } from "./user.js";

/** The personal access tokens, which programs use to access the API as a user. */
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
   * @returns the token. It is not stored, so it cannot be shown again.
   * @throws InvalidInput
   */
  async create({ id: userId }: User, givenName: string): Promise<string> {
    const name = checkedName(givenName);
    if (!name) throw new InvalidInput({ name: "Enter what the token is for." });
    // The prefix lets scanners find tokens that were published by mistake.
    const token = `example_${randomBytes(32).toString("base64url")}`;
    await this.#tokens.save(this.#tokens.create({ userId, name, hash: hashOf(token) }));
    return token;
  }

  /** Revokes a token only for its owner, so that nobody can revoke other users' tokens by guessing ids. */
  async revoke({ id: userId }: User, id: string): Promise<boolean> {
    const { affected } = await this.#tokens.delete({ id: Number(id), userId });
    return affected === 1;
  }

  /** latchkey's request loader. Returns the user of an `Authorization: Bearer` token, which works only for the API. */
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
