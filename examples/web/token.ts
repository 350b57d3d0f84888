import { Column, CreateDateColumn, Entity, Index, PrimaryGeneratedColumn } from "typeorm";

/** A personal access token for the API. Only its hash is stored. */
@Entity()
export class Token {
  @PrimaryGeneratedColumn()
  id!: number;

  @Index()
  @Column({ type: "integer" })
  userId!: number;

  /** The name that its owner gave it. */
  @Column({ type: "varchar", length: 80 })
  name!: string;

  /** SHA-256 is enough here: nobody can guess 256 random bits, unlike a password. */
  @Column({ type: "varchar", length: 64, unique: true })
  hash!: string;

  @CreateDateColumn({ type: "datetime" })
  createdAt!: Date;
}
