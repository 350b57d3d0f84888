import "reflect-metadata";
import { UserMixin } from "latchkey";
import { BaseEntity, Column, DataSource, Entity, PrimaryColumn, PrimaryGeneratedColumn } from "typeorm";

@Entity()
export class Account extends UserMixin {
  @PrimaryGeneratedColumn()
  id!: number;
  @Column()
  email!: string;
  @Column({ default: true })
  override isActive!: boolean;
  @Column({ default: false })
  override isAnonymous!: boolean;
}

/** An active record: its base class comes from TypeORM. */
@Entity()
export class Member extends UserMixin.with(BaseEntity) {
  @PrimaryGeneratedColumn("uuid")
  id!: string;
  @Column({ default: true })
  override isActive!: boolean;
}

/** Has a composite id, and a getter that reads a column. */
@Entity()
export class Employee extends UserMixin.with(BaseEntity) {
  @PrimaryColumn()
  company!: string;
  @PrimaryColumn()
  number!: number;
  @Column({ type: "datetime", nullable: true })
  leftAt!: Date | null;

  override get isActive() {
    return this.leftAt === null;
  }
  override getId() {
    return `${this.company}:${this.number}`;
  }
}

export const source = new DataSource({
  type: "better-sqlite3",
  database: ":memory:",
  entities: [Account, Member, Employee],
  synchronize: true,
});
