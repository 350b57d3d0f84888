import { MikroORM, EntitySchema as MikroSchema } from "@mikro-orm/better-sqlite";
import { PrismaBetterSqlite3 } from "@prisma/adapter-better-sqlite3";
import Database from "better-sqlite3";
import { and, eq, isNull } from "drizzle-orm";
import { drizzle } from "drizzle-orm/better-sqlite3";
import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import knex from "knex";
import { UserMixin } from "latchkey";
import { DataTypes, Model, Sequelize } from "sequelize";
import sqlite3 from "sqlite3";
import * as typeorm from "typeorm";
import * as typeorm03 from "typeorm03";
import { PrismaClient } from "./generated/sqlite/index.js";

async function openTypeOrm({ DataSource, EntitySchema }, database) {
  class Person extends UserMixin {}
  class Post {}
  const User = new EntitySchema({
    name: "User",
    target: Person,
    tableName: "users",
    columns: {
      id: { type: "integer", primary: true },
      name: { type: "text" },
      isActive: { type: "boolean" },
      deletedAt: { type: "text", deleteDate: true, nullable: true },
    },
    relations: { posts: { type: "one-to-many", target: () => Post, inverseSide: "user", lazy: true } },
  });
  const UserPost = new EntitySchema({
    name: "Post",
    target: Post,
    tableName: "posts",
    columns: { id: { type: "integer", primary: true }, title: { type: "text" } },
    relations: {
      user: { type: "many-to-one", target: () => Person, inverseSide: "posts", joinColumn: { name: "userId" } },
    },
  });
  const dataSource = await new DataSource({
    type: "better-sqlite3",
    database,
    entities: [User, UserPost],
  }).initialize();
  return {
    find: (id) => dataSource.getRepository(Person).findOneBy({ id: Number(id) }),
    titles: async (user) => (await user.posts).map(({ title }) => title),
    close: () => dataSource.destroy(),
  };
}

async function openMikro(dbName) {
  class Person extends UserMixin {}
  class Post {}
  const User = new MikroSchema({
    class: Person,
    tableName: "users",
    properties: {
      id: { type: "number", primary: true },
      name: { type: "string" },
      isActive: { type: "boolean", fieldName: "isActive" },
      deletedAt: { type: "string", nullable: true, fieldName: "deletedAt" },
      posts: { kind: "1:m", entity: () => Post, mappedBy: "user" },
    },
  });
  const UserPost = new MikroSchema({
    class: Post,
    tableName: "posts",
    properties: {
      id: { type: "number", primary: true },
      title: { type: "string" },
      user: { kind: "m:1", entity: () => Person, fieldName: "userId" },
    },
  });
  const orm = await MikroORM.init({ dbName, entities: [User, UserPost], debug: false });
  return {
    find: (id) => orm.em.fork().findOne(Person, { id: Number(id), deletedAt: null }),
    titles: async (user) => (await user.posts.loadItems()).map(({ title }) => title),
    close: () => orm.close(),
  };
}

async function openSequelize(storage) {
  const sequelize = new Sequelize({ dialect: "sqlite", dialectModule: sqlite3, storage, logging: false });
  class Person extends UserMixin.with(Model) {}
  class Post extends Model {}
  const id = { type: DataTypes.INTEGER, primaryKey: true };
  Person.init(
    { id, name: DataTypes.TEXT, isActive: DataTypes.BOOLEAN },
    { sequelize, tableName: "users", paranoid: true, createdAt: false, updatedAt: false },
  );
  Post.init({ id, title: DataTypes.TEXT }, { sequelize, tableName: "posts", timestamps: false });
  Person.hasMany(Post, { as: "posts", foreignKey: "userId" });
  return {
    find: (id) => Person.findByPk(Number(id)),
    titles: async (user) => (await user.getPosts()).map(({ title }) => title),
    close: () => sequelize.close(),
  };
}

async function openDrizzle(file) {
  const users = sqliteTable("users", {
    id: integer().primaryKey(),
    name: text(),
    isActive: integer({ mode: "boolean" }),
    deletedAt: text(),
  });
  const client = new Database(file);
  const db = drizzle(client);
  const find = (id) =>
    db
      .select()
      .from(users)
      .where(and(eq(users.id, Number(id)), isNull(users.deletedAt)))
      .get();
  return { find, close: async () => void client.close() };
}

async function openKnex(filename) {
  const db = knex({ client: "better-sqlite3", connection: { filename }, useNullAsDefault: true });
  const find = (id) =>
    db("users")
      .where({ id: Number(id), deletedAt: null })
      .first();
  return { find, close: () => db.destroy() };
}

async function openPrisma(file) {
  const prisma = new PrismaClient({ adapter: new PrismaBetterSqlite3({ url: `file:${file}` }) });
  const find = (id) => prisma.user.findFirst({ where: { id: Number(id), deletedAt: null } });
  return { find, close: () => prisma.$disconnect() };
}

/** How each ORM finds a user in the table `users`, and, if it loads lazily, the titles of the user's posts. */
export const ORMS = [
  { name: "typeorm", open: (file) => openTypeOrm(typeorm, file), lazy: true },
  { name: "typeorm03", open: (file) => openTypeOrm(typeorm03, file), lazy: true },
  { name: "@mikro-orm/better-sqlite", open: openMikro, lazy: true },
  { name: "sequelize", open: openSequelize, lazy: true },
  { name: "drizzle-orm", open: openDrizzle },
  { name: "knex", open: openKnex },
  { name: "@prisma/client", open: openPrisma },
];
