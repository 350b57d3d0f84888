import { UserMixin } from "latchkey";
import { Column, CreateDateColumn, Entity, PrimaryGeneratedColumn } from "typeorm";

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

  @Column({ type: "simple-json" })
  roles: string[] = [];

  /** Replaces the mixin's constant `true`. Guards refuse an account that an admin has switched off. */
  @Column({ type: "boolean", default: true })
  override isActive: boolean = true;

  @CreateDateColumn({ type: "datetime" })
  createdAt!: Date;

  /** The name that the pages show. */
  get title(): string {
    return this.name || this.email;
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
