import { randomUUID } from "node:crypto";
import { hash, verify } from "@node-rs/argon2";
import { UserMixin } from "latchkey";
import { Column, DataSource, Entity, PrimaryGeneratedColumn } from "typeorm";

@Entity("users")
export class User extends UserMixin {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: "text", unique: true })
  email!: string;

  @Column({ type: "text" })
  passwordHash!: string;
}

const database = process.env.DATABASE ?? "users.sqlite";
// Use migrations instead of synchronize when the table changes for the first time.
const dataSource = new DataSource({ type: "better-sqlite3", database, entities: [User], synchronize: true });
const users = (await dataSource.initialize()).getRepository(User);

const decoy = await hash(randomUUID());

export function findUser(id: string): Promise<User | null> {
  return users.findOneBy({ id: Number(id) });
}

/** Returns the new user; null if the e-mail is taken. */
export async function createUser(email: string, password: string): Promise<User | null> {
  const row = { email, passwordHash: await hash(password) };
  await users.createQueryBuilder().insert().values(row).orIgnore().execute();
  const user = await users.findOneBy({ email });
  return user?.passwordHash === row.passwordHash ? user : null;
}

/** Returns the user with these credentials. An unknown e-mail takes as long as a wrong password. */
export async function authenticate(email: string, password: string): Promise<User | null> {
  const user = await users.findOneBy({ email });
  return (await verify(user?.passwordHash ?? decoy, password)) ? user : null;
}
