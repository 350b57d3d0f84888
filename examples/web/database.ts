import { DataSource } from "typeorm";
import { Passkey, RecoveryCode } from "./second-factor/entities.js";
import { Token } from "./token.js";
import { User } from "./user.js";

/** Opens a SQLite file, or a database in memory that is lost when the process ends. */
export async function openDatabase(database = ":memory:"): Promise<DataSource> {
  // synchronize creates the tables from the entities. That is fine for an example, but not for data that you want to
  // keep.
  return new DataSource({
    type: "better-sqlite3",
    database,
    entities: [User, Token, Passkey, RecoveryCode],
    synchronize: true,
  }).initialize();
}
