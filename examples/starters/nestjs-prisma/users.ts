import { randomUUID } from "node:crypto";
import { Injectable } from "@nestjs/common";
import { hash, verify } from "@node-rs/argon2";
import { PrismaBetterSqlite3 } from "@prisma/adapter-better-sqlite3";
import { PrismaClient, type User } from "./generated/client.js";

const adapter = new PrismaBetterSqlite3({ url: `file:${process.env.DATABASE ?? "users.sqlite"}` });
const decoy = await hash(randomUUID());

@Injectable()
export class Users {
  readonly #prisma = new PrismaClient({ adapter });

  find(id: string): Promise<User | null> {
    return this.#prisma.user.findUnique({ where: { id: Number(id) } });
  }

  /** Returns the new user; null if the e-mail is taken. */
  async create(email: string, password: string): Promise<User | null> {
    try {
      return await this.#prisma.user.create({ data: { email, passwordHash: await hash(password) } });
    } catch (error) {
      if ((error as { code?: string }).code === "P2002") return null; // the unique index refused the e-mail
      throw error;
    }
  }

  /** Returns the user with these credentials. An unknown e-mail takes as long as a wrong password. */
  async authenticate(email: string, password: string): Promise<User | null> {
    const user = await this.#prisma.user.findUnique({ where: { email } });
    return (await verify(user?.passwordHash ?? decoy, password)) ? user : null;
  }
}
