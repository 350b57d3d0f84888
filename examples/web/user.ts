import { UserMixin } from "latchkey";
import { Column, CreateDateColumn, Entity, OneToMany, PrimaryGeneratedColumn } from "typeorm";
import { Passkey } from "./second-factor/entities.js";

/** An account. The mixin adds the other members that latchkey needs. */
@Entity()
export class User extends UserMixin {
  @PrimaryGeneratedColumn()
  id!: number;

  /** Normalized by `normalizeEmail`, so that the unique index sees only one spelling. */
  @Column({ type: "varchar", length: 254, unique: true })
  email!: string;

  /** The display name. It may be empty. */
  @Column({ type: "varchar", length: 80, default: "" })
  name: string = "";

  @Column({ type: "varchar" })
  passwordHash!: string;

  /** Is the password long enough to be the only factor? */
  @Column({ type: "boolean" })
  passwordStandsAlone!: boolean;

  @Column({ type: "simple-json" })
  roles: string[] = [];

  /** Replaces the mixin's constant `true`. Guards refuse an account that an admin has switched off. */
  @Column({ type: "boolean", default: true })
  override isActive: boolean = true;

  @CreateDateColumn({ type: "datetime" })
  createdAt!: Date;

  /** The secret of the authenticator app. A real site stores it encrypted. */
  @Column({ type: "varchar", nullable: true })
  totpSecret: string | null = null;

  /** The time step of the last code that was used. */
  @Column({ type: "integer", default: 0 })
  totpStep: number = 0;

  /** The codes that were tried since the last right one. */
  @Column({ type: "integer", default: 0 })
  failures: number = 0;

  @Column({ type: "integer", default: 0 })
  tryAgainAt: number = 0;

  /** Random bytes in base64url, by which passkeys know the user. */
  @Column({ type: "varchar" })
  passkeyHandle!: string;

  @OneToMany(
    () => Passkey,
    ({ user }) => user,
    { eager: true },
  )
  passkeys!: Passkey[];

  /** Raised when logins are revoked. Browsers that were trusted before are not trusted any more. */
  @Column({ type: "integer", default: 0 })
  revocations: number = 0;

  /** The name that the pages show. */
  get title(): string {
    return this.name || this.email;
  }

  get factors(): number {
    return (this.totpSecret === null ? 0 : 1) + this.passkeys.length;
  }

  get hasSecondFactor(): boolean {
    return this.factors > 0;
  }

  /** When this value changes, all earlier logins end. A new password therefore logs out other browsers. */
  getSessionStamp(): string {
    return this.passwordHash;
  }

  /** The fields that the JSON API shows, without the hash. */
  toJSON() {
    const { id, email, name, roles, isActive } = this;
    return { id, email, name, roles, isActive };
  }
}
