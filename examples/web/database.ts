import { DataSource } from "typeorm";
import { Token } from "./token.js";
import { User } from "./user.js";

/** Opens a SQLite file, or a database in memory that ends with the process. */
export async function openDatabase(database = ":memory:"): Promise<DataSource> {
  // synchronize makes the tables from the entities: right for an example, not for data that you mean to keep.
  return new DataSource({ type: "better-sqlite3", database, entities: [User, Token], synchronize: true }).initialize();
}
