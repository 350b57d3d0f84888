import { UserMixin } from "latchkey";
import { Column, CreateDateColumn, Entity, ManyToOne, OneToMany, PrimaryColumn, PrimaryGeneratedColumn } from "typeorm";
import type { PasskeyData } from "./passkeys.js";

/** An account, with its factors. */
@Entity()
export class Account extends UserMixin {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: "varchar", unique: true })
  email!: string;

  @Column({ type: "varchar" })
  passwordHash!: string;

  /** The secret of the authenticator app. A real site stores it encrypted. */
  @Column({ type: "varchar", nullable: true })
  totpSecret!: string | null;

  /** The time step of the last code that was used. */
  @Column({ type: "integer", default: 0 })
  totpStep!: number;

  /** The codes that were tried since the last right one. */
  @Column({ type: "integer", default: 0 })
  failures!: number;

  @Column({ type: "integer", default: 0 })
  tryAgainAt!: number;

  @Column({ type: "varchar" })
  passkeyHandle!: string;

  @OneToMany(
    () => Passkey,
    ({ account }) => account,
    { eager: true },
  )
  passkeys!: Passkey[];

  /** Raised when logins are revoked. Browsers that were trusted before are not trusted any more. */
  @Column({ type: "integer", default: 0 })
  revocations!: number;

  get hasSecondFactor(): boolean {
    return this.totpSecret !== null || this.passkeys.length > 0;
  }

  /** A new password ends all earlier logins. */
  getSessionStamp(): string {
    return this.passwordHash;
  }
}

@Entity()
export class Passkey implements PasskeyData {
  @PrimaryColumn({ type: "varchar" })
  id!: string;

  @Column({ type: "integer" })
  accountId!: number;

  @ManyToOne(
    () => Account,
    ({ passkeys }) => passkeys,
  )
  account!: Account;

  @Column({ type: "varchar" })
  publicKey!: string;

  @Column({ type: "integer" })
  counter!: number;

  @Column({ type: "simple-json" })
  transports!: string[];

  /** The browser that made it, so that the user recognizes it. */
  @Column({ type: "varchar" })
  name!: string;

  @CreateDateColumn({ type: "datetime" })
  createdAt!: Date;
}

@Entity()
export class RecoveryCode {
  @PrimaryColumn({ type: "varchar" })
  hash!: string;

  @Column({ type: "integer" })
  accountId!: number;
}
