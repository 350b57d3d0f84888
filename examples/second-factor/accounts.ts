import { randomBytes } from "node:crypto";
import { DataSource, LessThan } from "typeorm";
import { hashPassword, verifyPassword } from "../web/passwords.js";
import { Account, Passkey, RecoveryCode } from "./account.js";
import type { PasskeyData } from "./passkeys.js";
import { recoveryHash } from "./recovery-codes.js";
import { oneMoreTry } from "./tries.js";

/**
 * The accounts. What may happen only once is one conditional statement: the database decides which of two requests at
 * the same time changes a row.
 */
export class Accounts {
  constructor(readonly database: DataSource) {}

  /** Opens an empty database in memory. */
  static async open(): Promise<Accounts> {
    const entities = [Account, Passkey, RecoveryCode];
    const options = { type: "better-sqlite3", database: ":memory:", entities, synchronize: true } as const;
    return new Accounts(await new DataSource(options).initialize());
  }

  /** latchkey's user loader. */
  find(id: string): Promise<Account | null> {
    return this.#accounts.findOneBy({ id: Number(id) });
  }

  /** Returns the new account; null if the e-mail is taken. */
  async signUp(email: string, password: string): Promise<Account | null> {
    if (await this.#accounts.existsBy({ email })) return null;
    const passkeyHandle = randomBytes(32).toString("base64url");
    const { id } = await this.#accounts.save({ email, passkeyHandle, passwordHash: await hashPassword(password) });
    return this.find(String(id));
  }

  /** Returns the account with these credentials, or null. An unknown e-mail takes as long as a wrong password. */
  async authenticate(email: string, password: string): Promise<Account | null> {
    const account = await this.#accounts.findOneBy({ email });
    return (await verifyPassword(account?.passwordHash, password)) ? account : null;
  }

  async changePassword({ id }: Account, password: string): Promise<void> {
    await this.#accounts.update({ id }, { passwordHash: await hashPassword(password) });
  }

  /** Counts a try; false if it is too early, or if another try at the same time was counted instead. */
  async takeTry(account: Account): Promise<boolean> {
    const { id, failures } = account;
    const tries = oneMoreTry(account);
    return tries !== null && changed(await this.#accounts.update({ id, failures }, { ...tries }));
  }

  async clearTries({ id }: Account): Promise<void> {
    await this.#accounts.update({ id }, { failures: 0, tryAgainAt: 0 });
  }

  async saveTotp({ id }: Account, totpSecret: string | null, totpStep: number): Promise<void> {
    await this.#accounts.update({ id }, { totpSecret, totpStep });
  }

  /** Uses up a time step and all earlier ones; false if it was used before. */
  async useTotpStep({ id }: Account, totpStep: number): Promise<boolean> {
    return changed(await this.#accounts.update({ id, totpStep: LessThan(totpStep) }, { totpStep }));
  }

  /** Replaces the recovery codes. */
  async saveRecoveryCodes({ id }: Account, codes: string[]): Promise<void> {
    await this.database.transaction(async (manager) => {
      await manager.delete(RecoveryCode, { accountId: id });
      await manager.insert(
        RecoveryCode,
        codes.map((code) => ({ accountId: id, hash: recoveryHash(code) })),
      );
    });
  }

  /** Uses up a recovery code; false if the account has no such code. */
  async useRecoveryCode({ id }: Account, code: string): Promise<boolean> {
    return changed(await this.database.manager.delete(RecoveryCode, { accountId: id, hash: recoveryHash(code) }));
  }

  /** Removes the recovery codes of an account that has no second factor any more. */
  async removeUnneededCodes({ id }: Account): Promise<void> {
    const account = await this.find(String(id));
    if (account && !account.hasSecondFactor) await this.saveRecoveryCodes(account, []);
  }

  countRecoveryCodes({ id }: Account): Promise<number> {
    return this.database.manager.countBy(RecoveryCode, { accountId: id });
  }

  async addPasskey({ id }: Account, passkey: PasskeyData, name: string): Promise<void> {
    await this.#passkeys.insert({ ...passkey, accountId: id, name });
  }

  findPasskey(id: string): Promise<Passkey | null> {
    return this.#passkeys.findOneBy({ id });
  }

  /** Saves the new counter; false if another request used the passkey at the same time. */
  async usePasskey({ id, counter }: PasskeyData, newCounter: number): Promise<boolean> {
    return changed(await this.#passkeys.update({ id, counter }, { counter: newCounter }));
  }

  async removePasskey({ id }: Account, passkeyId: string): Promise<void> {
    await this.#passkeys.delete({ id: passkeyId, accountId: id });
  }

  /** Call this before logins are revoked, so that no revoked login leaves a trusted browser behind. */
  async noteRevocation(id: number): Promise<void> {
    await this.#accounts.increment({ id }, "revocations", 1);
  }

  get #accounts() {
    return this.database.getRepository(Account);
  }

  get #passkeys() {
    return this.database.getRepository(Passkey);
  }
}

function changed({ affected }: { affected?: number | null }): boolean {
  return affected === 1;
}
