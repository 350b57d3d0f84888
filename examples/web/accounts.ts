import { randomBytes } from "node:crypto";
import { type DataSource, QueryFailedError, type Repository } from "typeorm";
import { checkedName, InvalidInput } from "./invalid-input.js";
import { canStandAlone, hashPassword, LONGEST_PASSWORD, passwordProblem, verifyPassword } from "./passwords.js";
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
    const passkeyHandle = randomBytes(32).toString("base64url");
    const row = { email, roles, passkeyHandle, ...(await hashed(password)) };
    const { id } = await refuseTaken(this.#users.save(row));
    return this.#users.findOneByOrFail({ id });
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
    const problem = passwordProblem(password, user);
    if (problem) throw new InvalidInput({ password: problem });
    // Another request may remove the last second factor, and this password may be too short without one.
    const { id, revocations } = user;
    const changes = { ...(await hashed(password)), revocations: revocations + 1 };
    const { affected } = await this.#users.update({ id, revocations }, changes);
    if (affected !== 1) {
      throw new InvalidInput({ password: "Your account was changed at the same time. Please try again." });
    }
    Object.assign(user, changes);
  }

  /** @throws InvalidInput */
  async changeEmail(user: User, givenEmail: string): Promise<void> {
    const email = normalizeEmail(givenEmail);
    const problem = emailProblem(email);
    if (problem) throw new InvalidInput({ email: problem });
    await refuseTaken(this.#update(user, { email }));
  }

  /** @throws InvalidInput */
  async rename(user: User, name: string): Promise<void> {
    await this.#update(user, { name: checkedName(name) });
  }

  async setActive(id: string, isActive: boolean): Promise<void> {
    await this.#users.update({ id: Number(id) }, { isActive });
  }

  /** Writes only what has changed, because another request may change the rest of the user at the same time. */
  async #update(user: User, changes: Partial<Pick<User, "email" | "name">>): Promise<void> {
    await this.#users.update({ id: user.id }, changes);
    Object.assign(user, changes);
  }
}

async function hashed(password: string) {
  return { passwordHash: await hashPassword(password), passwordStandsAlone: canStandAlone(password) };
}

/**
 * The unique index decides, because two people can sign up with one address at the same time. Without e-mail
 * verification, the site has to show that the address is taken.
 */
async function refuseTaken<T>(saving: Promise<T>): Promise<T> {
  try {
    return await saving;
  } catch (error) {
    if (isUniqueViolation(error)) throw new InvalidInput({ email: "An account with this e-mail already exists." });
    throw error;
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
