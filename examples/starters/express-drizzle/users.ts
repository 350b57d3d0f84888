import { randomUUID } from "node:crypto";
import { hash, verify } from "@node-rs/argon2";
import { eq, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/better-sqlite3";
import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";

const users = sqliteTable("users", {
  id: integer().primaryKey(),
  email: text().notNull().unique(),
  passwordHash: text().notNull(),
});
export type User = typeof users.$inferSelect;

const db = drizzle(process.env.DATABASE ?? "users.sqlite");
// Use migrations of drizzle-kit when the table changes for the first time.
db.run(
  sql`CREATE TABLE IF NOT EXISTS users (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, passwordHash TEXT NOT NULL)`,
);

const decoy = await hash(randomUUID());

export async function findUser(id: string): Promise<User | undefined> {
  return db
    .select()
    .from(users)
    .where(eq(users.id, Number(id)))
    .get();
}

/** Returns the new user; undefined if the e-mail is taken. */
export async function createUser(email: string, password: string): Promise<User | undefined> {
  const row = { email, passwordHash: await hash(password) };
  return db.insert(users).values(row).onConflictDoNothing().returning().get();
}

/** Returns the user with these credentials. An unknown e-mail takes as long as a wrong password. */
export async function authenticate(email: string, password: string): Promise<User | undefined> {
  const user = db.select().from(users).where(eq(users.email, email)).get();
  return (await verify(user?.passwordHash ?? decoy, password)) ? user : undefined;
}
