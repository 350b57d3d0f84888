import { MikroORM, EntitySchema as MikroSchema } from "@mikro-orm/postgresql";
import { PrismaPg } from "@prisma/adapter-pg";
import { and, eq } from "drizzle-orm";
import { drizzle } from "drizzle-orm/node-postgres";
import { bigint, integer, pgTable, text, uuid } from "drizzle-orm/pg-core";
import knex from "knex";
import { UserMixin } from "latchkey";
import { DataTypes, Model, Sequelize } from "sequelize";
import * as typeorm from "typeorm";
import * as typeorm03 from "typeorm03";
import { PrismaClient } from "./generated/postgres/index.js";
import { withTenant } from "./ids.js";

/** Maps each column of a key. */
const map = (key, to) => Object.fromEntries(Object.entries(key).map(([name, type]) => [name, to(type)]));

const classOf = (kind, Base = UserMixin) => (kind.isComposite ? withTenant(Base) : class User extends Base {});

async function openTypeOrm({ DataSource, EntitySchema }, url, kind) {
  const User = new EntitySchema({
    name: "User",
    target: classOf(kind),
    tableName: kind.table,
    columns: { ...map(kind.key, (type) => ({ type, primary: true })), name: { type: "text" } },
  });
  const dataSource = await new DataSource({ type: "postgres", url, entities: [User] }).initialize();
  const find = (id) => dataSource.getRepository(User).findOneBy(kind.where(id));
  return { find, close: () => dataSource.destroy() };
}

async function openMikro(clientUrl, kind) {
  const User = classOf(kind);
  const schema = new MikroSchema({
    class: User,
    tableName: kind.table,
    properties: { ...map(kind.key, (type) => ({ type, primary: true })), name: { type: "text" } },
  });
  const orm = await MikroORM.init({ clientUrl, entities: [schema], debug: false });
  return { find: (id) => orm.em.fork().findOne(User, kind.where(id)), close: () => orm.close() };
}

async function openSequelize(url, kind) {
  const sequelize = new Sequelize(url, { logging: false });
  const User = classOf(kind, UserMixin.with(Model));
  const key = map(kind.key, (type) => ({ type: DataTypes[type.toUpperCase()], primaryKey: true }));
  User.init({ ...key, name: DataTypes.TEXT }, { sequelize, tableName: kind.table, timestamps: false });
  return { find: (id) => User.findOne({ where: kind.where(id) }), close: () => sequelize.close() };
}

async function openDrizzle(url, kind) {
  const columns = { uuid, integer, text, bigint: () => bigint({ mode: "bigint" }) };
  const users = pgTable(kind.table, { ...map(kind.key, (type) => columns[type]()), name: text() });
  const db = drizzle(url);
  const find = async (id) => {
    const isIt = Object.entries(kind.where(id)).map(([name, value]) => eq(users[name], value));
    const [row] = await db
      .select()
      .from(users)
      .where(and(...isIt));
    return kind.rowOf(row);
  };
  return { find, close: () => db.$client.end() };
}

async function openKnex(connection, kind) {
  const db = knex({ client: "pg", connection });
  const find = async (id) => kind.rowOf(await db(kind.table).where(kind.where(id)).first());
  return { find, close: () => db.destroy() };
}

async function openPrisma(connectionString, kind) {
  const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString }) });
  const find = async (id) => kind.rowOf(await prisma[kind.model].findFirst({ where: kind.where(id) }));
  return { find, close: () => prisma.$disconnect() };
}

/** How each ORM finds a user by each kind of id. */
export const ORMS = [
  { name: "typeorm", open: (...args) => openTypeOrm(typeorm, ...args) },
  { name: "typeorm03", open: (...args) => openTypeOrm(typeorm03, ...args) },
  { name: "@mikro-orm/postgresql", open: openMikro },
  { name: "sequelize", open: openSequelize },
  { name: "drizzle-orm", open: openDrizzle },
  { name: "knex", open: openKnex },
  { name: "@prisma/client", open: openPrisma },
];
