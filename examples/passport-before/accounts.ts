import { hash, verify } from "@node-rs/argon2";

/** An account that can log in. */
export class Account {
  contacts = 0;

  constructor(
    readonly id: string,
    readonly email: string,
    public passwordHash: string,
    readonly roles: string[],
  ) {}
}

/** All accounts. A real application uses a database instead. */
export class Accounts {
  readonly #all: Account[] = [];

  async add(email: string, password: string, roles: string[] = []): Promise<void> {
    this.#all.push(new Account(String(this.#all.length + 1), email, await hash(password), roles));
  }

  async find(id: string): Promise<Account | undefined> {
    return this.#all.find((account) => account.id === id);
  }

  async check(email: unknown, password: unknown): Promise<Account | undefined> {
    const account = this.#all.find((one) => one.email === email);
    return account && (await verify(account.passwordHash, String(password))) ? account : undefined;
  }

  async changePassword(account: Account, password: string): Promise<void> {
    account.passwordHash = await hash(password);
  }

  emails(): string[] {
    return this.#all.map(({ email }) => email);
  }
}
