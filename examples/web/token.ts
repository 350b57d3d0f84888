import { Column, CreateDateColumn, Entity, Index, PrimaryGeneratedColumn } from "typeorm";

/** A personal access token for the API, of which only the hash is kept. */
@Entity()
export class Token {
  @PrimaryGeneratedColumn()
  id!: number;

  @Index()
  @Column({ type: "integer" })
  userId!: number;

  /** What its owner calls it. */
  @Column({ type: "varchar", length: 80 })
  name!: string;

  /** SHA-256 is enough for 256 random bits: unlike a password, nobody can guess them. */
  @Column({ type: "varchar", length: 64, unique: true })
  hash!: string;

  @CreateDateColumn({ type: "datetime" })
  createdAt!: Date;
}
