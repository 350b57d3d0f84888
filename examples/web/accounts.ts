import { type DataSource, QueryFailedError, type Repository } from "typeorm";
import { checkedName, InvalidInput } from "./invalid-input.js";
import { hashPassword, LONGEST_PASSWORD, passwordProblem, verifyPassword } from "./passwords.js";
import { User } from "./user.js";

/** The accounts and their passwords. latchkey does not handle passwords. */
export class Accounts {
  readonly #users: Repository<User>;

  constructor(dataSource: DataSource) {
    this.#users = dataSource.getRepository(User);
  }

  /** latchkey's user loader. */
  find(id: string): Promise<User | null> {
    return this.#users.findOneBy({ id: Number(id) });
  }

  list(): Promise<User[]> {
    return this.#users.find({ order: { email: "ASC" } });
  }

  /** @throws InvalidInput */
  async signUp(givenEmail: string, password: string, roles: string[] = []): Promise<User> {
    const email = normalizeEmail(givenEmail);
    const problems = {
      email: emailProblem(email),
      password: passwordProblem(password, { email, hasSecondFactor: false }),
    };
    if (problems.email || problems.password) throw new InvalidInput(problems);
    return this.#save(this.#users.create({ email, roles, passwordHash: await hashPassword(password) }));
  }

  /** Returns the user with these credentials, or null. An unknown e-mail takes as long as a wrong password. */
  async authenticate(email: string, password: string): Promise<User | null> {
    const user = await this.#users.findOneBy({ email: normalizeEmail(email) });
    return (await this.isPasswordOf(user, password)) ? user : null;
  }

  async isPasswordOf(user: User | null, password: string): Promise<boolean> {
    return password.length <= 2 * LONGEST_PASSWORD && verifyPassword(user?.passwordHash, password);
  }

  /** @throws InvalidInput */
  async changePassword(user: User, password: string): Promise<void> {
    const problem = passwordProblem(password, { email: user.email, hasSecondFactor: false });
    if (problem) throw new InvalidInput({ password: problem });
    user.passwordHash = await hashPassword(password);
    await this.#users.save(user);
  }

  /** @throws InvalidInput */
  async changeEmail(user: User, givenEmail: string): Promise<void> {
    const email = normalizeEmail(givenEmail);
    const problem = emailProblem(email);
    if (problem) throw new InvalidInput({ email: problem });
    await this.#save(this.#users.create({ ...user, email }));
  }

  /** @throws InvalidInput */
  async rename(user: User, name: string): Promise<void> {
    user.name = checkedName(name);
    await this.#users.save(user);
  }

  async setActive(id: string, isActive: boolean): Promise<void> {
    await this.#users.update({ id: Number(id) }, { isActive });
  }

  async #save(user: User): Promise<User> {
    try {
      return await this.#users.save(user);
    } catch (error) {
      // The unique index decides, because two people can sign up with one address at the same time. Without e-mail
      // verification, the site has to show that the address is taken.
      if (isUniqueViolation(error)) throw new InvalidInput({ email: "An account with this e-mail already exists." });
      throw error;
    }
  }
}

/** Returns the address in one spelling, because people type capital letters and spaces. */
export function normalizeEmail(email: string): string {
  return email.normalize("NFKC").trim().toLowerCase();
}

/** Only a message to an address proves that it exists, so this check is simple. */
function emailProblem(email: string): string | undefined {
  return /^[^\s@]+@[^\s@]+$/.test(email) && email.length <= 254 ? undefined : "Enter an e-mail address.";
}

function isUniqueViolation(error: unknown): boolean {
  return (
    error instanceof QueryFailedError &&
    "code" in error.driverError &&
    error.driverError.code === "SQLITE_CONSTRAINT_UNIQUE"
  );
}
