import { type DataSource, LessThan } from "typeorm";
import { User } from "../user.js";
import { Passkey, RecoveryCode } from "./entities.js";
import type { PasskeyData } from "./passkeys.js";
import { recoveryHash } from "./recovery-codes.js";
import { totpStep } from "./totp.js";
import { oneMoreTry } from "./tries.js";

/**
 * The factors of the users. What may happen only once is one conditional statement: the database decides which of two
 * requests at the same time changes a row.
 */
export class Factors {
  constructor(readonly database: DataSource) {}

  /** Counts a try, and checks a code of the authenticator app, or a recovery code. */
  async check(user: User, kind: "otp" | "recovery", code: string): Promise<"right" | "wrong" | "too early"> {
    if (!(await this.takeTry(user))) return "too early";
    const isRight = kind === "otp" ? await this.#useCode(user, code) : await this.#useRecoveryCode(user, code);
    if (!isRight) return "wrong";
    await this.#users.update({ id: user.id }, { failures: 0, tryAgainAt: 0 });
    return "right";
  }

  /** Counts a try; false if it is too early, or if another try at the same time was counted instead. */
  async takeTry(user: User): Promise<boolean> {
    const { id, failures } = user;
    const tries = oneMoreTry(user);
    return tries !== null && changed(await this.#users.update({ id, failures }, { ...tries }));
  }

  async saveTotp({ id }: User, totpSecret: string | null, step: number): Promise<void> {
    await this.#users.update({ id }, { totpSecret, totpStep: step });
  }

  /** Replaces the recovery codes. */
  async saveRecoveryCodes({ id: userId }: User, codes: string[]): Promise<void> {
    await this.database.transaction(async (manager) => {
      await manager.delete(RecoveryCode, { userId });
      await manager.insert(
        RecoveryCode,
        codes.map((code) => ({ userId, hash: recoveryHash(code) })),
      );
    });
  }

  /** Removes the recovery codes of a user who has no second factor any more. */
  async removeUnneededCodes({ id }: User): Promise<void> {
    const user = await this.#users.findOneBy({ id });
    if (user && !user.hasSecondFactor) await this.saveRecoveryCodes(user, []);
  }

  countRecoveryCodes({ id: userId }: User): Promise<number> {
    return this.database.manager.countBy(RecoveryCode, { userId });
  }

  async addPasskey({ id: userId }: User, passkey: PasskeyData, name: string): Promise<void> {
    await this.#passkeys.insert({ ...passkey, userId, name });
  }

  findPasskey(id: string): Promise<Passkey | null> {
    return this.#passkeys.findOneBy({ id });
  }

  /** Saves the new counter; false if another request used the passkey at the same time. */
  async usePasskey({ id, counter }: PasskeyData, newCounter: number): Promise<boolean> {
    return changed(await this.#passkeys.update({ id, counter }, { counter: newCounter }));
  }

  async removePasskey({ id: userId }: User, passkeyId: string): Promise<boolean> {
    return changed(await this.#passkeys.delete({ id: passkeyId, userId }));
  }

  /** Begins a change; false if another request changed the factors or the password after the user was loaded. */
  async beginChange(user: User): Promise<boolean> {
    const { id, revocations } = user;
    const isFirst = changed(await this.#users.update({ id, revocations }, { revocations: revocations + 1 }));
    if (isFirst) user.revocations += 1;
    return isFirst;
  }

  /** Call this before logins are revoked, so that no revoked login leaves a trusted browser behind. */
  async noteRevocation(id: number): Promise<void> {
    await this.#users.increment({ id }, "revocations", 1);
  }

  /** Uses up the time step of a code and all earlier ones; false if it is wrong or was used before. */
  async #useCode({ id, totpSecret }: User, code: string): Promise<boolean> {
    const step = totpSecret === null ? null : totpStep(totpSecret, code);
    return step !== null && changed(await this.#users.update({ id, totpStep: LessThan(step) }, { totpStep: step }));
  }

  /** Uses up a recovery code; false if the user has no such code. */
  async #useRecoveryCode({ id: userId }: User, code: string): Promise<boolean> {
    return changed(await this.database.manager.delete(RecoveryCode, { userId, hash: recoveryHash(code) }));
  }

  get #users() {
    return this.database.getRepository(User);
  }

  get #passkeys() {
    return this.database.getRepository(Passkey);
  }
}

function changed({ affected }: { affected?: number | null }): boolean {
  return affected === 1;
}
