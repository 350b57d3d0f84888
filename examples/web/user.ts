import { UserMixin } from "latchkey";
import { Column, CreateDateColumn, Entity, PrimaryGeneratedColumn } from "typeorm";

/** An account. The mixin says the rest of what latchkey asks of a user. */
@Entity()
export class User extends UserMixin {
  @PrimaryGeneratedColumn()
  id!: number;

  /** As `normalizeEmail` gives it, so that the unique index sees one spelling only. */
  @Column({ type: "varchar", length: 254, unique: true })
  email!: string;

  /** What the person wants to be called; may be empty. */
  @Column({ type: "varchar", length: 80, default: "" })
  name: string = "";

  @Column({ type: "varchar" })
  passwordHash!: string;

  @Column({ type: "simple-json" })
  roles: string[] = [];

  /** Overrides the mixin's "always": guards refuse an account that an admin has switched off. */
  @Column({ type: "boolean", default: true })
  override isActive: boolean = true;

  @CreateDateColumn({ type: "datetime" })
  createdAt!: Date;

  /** What the pages call the person. */
  get title(): string {
    return this.name || this.email;
  }

  /** When this changes, every login made before it ends: a new password logs other browsers out. */
  getSessionStamp(): string {
    return this.passwordHash;
  }

  /** What the JSON API shows of an account: never the hash. */
  toJSON() {
    const { id, email, name, roles, isActive } = this;
    return { id, email, name, roles, isActive };
  }
}
