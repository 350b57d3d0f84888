import { Column, CreateDateColumn, Entity, ManyToOne, PrimaryColumn } from "typeorm";
import type { PasskeyData } from "./passkeys.js";

/** A passkey of a user. */
@Entity()
export class Passkey implements PasskeyData {
  @PrimaryColumn({ type: "varchar" })
  id!: string;

  @Column({ type: "integer" })
  userId!: number;

  /** By name, because the two files would import each other. */
  @ManyToOne("User", "passkeys")
  user!: unknown;

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

/** A recovery code that was not used yet. Only its hash is stored. */
@Entity()
export class RecoveryCode {
  @PrimaryColumn({ type: "varchar" })
  hash!: string;

  @Column({ type: "integer" })
  userId!: number;
}
