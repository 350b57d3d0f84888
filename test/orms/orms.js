import { MikroORM, EntitySchema as MikroSchema } from "@mikro-orm/better-sqlite";
import Database from "better-sqlite3";
import { and, eq, isNull } from "drizzle-orm";
import { drizzle } from "drizzle-orm/better-sqlite3";
import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import knex from "knex";
import { DataTypes, Sequelize } from "sequelize";
import sqlite3 from "sqlite3";
import * as typeorm from "typeorm";
import * as typeorm03 from "typeorm03";

async function openTypeOrm({ DataSource, EntitySchema }, database) {
  const columns = {
    id: { type: "integer", primary: true },
    name: { type: "text" },
    isActive: { type: "boolean" },
    deletedAt: { type: "text", deleteDate: true, nullable: true },
  };
  const User = new EntitySchema({ name: "User", tableName: "users", columns });
  const dataSource = await new DataSource({ type: "better-sqlite3", database, entities: [User] }).initialize();
  const find = (id) => dataSource.getRepository(User).findOneBy({ id: Number(id) });
  return { find, close: () => dataSource.destroy() };
}

async function openMikro(dbName) {
  const properties = {
    id: { type: "number", primary: true },
    name: { type: "string" },
    isActive: { type: "boolean", fieldName: "isActive" },
    deletedAt: { type: "string", nullable: true, fieldName: "deletedAt" },
  };
  const User = new MikroSchema({ name: "User", tableName: "users", properties });
  const orm = await MikroORM.init({ dbName, entities: [User], debug: false });
  return { find: (id) => orm.em.fork().findOne("User", { id: Number(id), deletedAt: null }), close: () => orm.close() };
}

async function openSequelize(storage) {
  const sequelize = new Sequelize({ dialect: "sqlite", dialectModule: sqlite3, storage, logging: false });
  const columns = {
    id: { type: DataTypes.INTEGER, primaryKey: true },
    name: DataTypes.TEXT,
    isActive: DataTypes.BOOLEAN,
  };
  const User = sequelize.define("User", columns, {
    tableName: "users",
    paranoid: true,
    createdAt: false,
    updatedAt: false,
  });
  return { find: (id) => User.findByPk(Number(id)), close: () => sequelize.close() };
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
  const find = async (id) => {
    const row = await db("users")
      .where({ id: Number(id), deletedAt: null })
      .first();
    return row && { ...row, isActive: row.isActive === 1 };
  };
  return { find, close: () => db.destroy() };
}

/** How each finds a user of the table `users`, as its own users would. */
export const ORMS = [
  { name: "typeorm", open: (file) => openTypeOrm(typeorm, file) },
  { name: "typeorm03", open: (file) => openTypeOrm(typeorm03, file) },
  { name: "@mikro-orm/better-sqlite", open: openMikro },
  { name: "sequelize", open: openSequelize },
  { name: "drizzle-orm", open: openDrizzle },
  { name: "knex", open: openKnex },
];
