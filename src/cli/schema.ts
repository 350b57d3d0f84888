import type { SqlDialect } from "../../stores/sql/database.js";
import { ddl, statements } from "../../stores/sql/ddl.js";
import { type Command, type Outcome, UsageError } from "./command.js";

/** `latchkey schema` */
export const schema: Command = {
  summary: "Print the SQL that creates the table and its indexes",
  options: {
    dialect: { value: "DIALECT", help: "sqlite, postgres or mysql (also for MariaDB)", isRequired: true },
    "table-prefix": { value: "PREFIX", help: "the first part of the table's name (default: latchkey_)" },
    schema: { value: "SCHEMA", help: "the schema on PostgreSQL, or the database on MySQL" },
  },
  run: async ({ options }): Promise<Outcome> => {
    const dialect = options.dialect as SqlDialect;
    const tables = { tablePrefix: options["table-prefix"], schema: options.schema };
    try {
      return { text: ddl(dialect, tables).trimEnd(), json: { dialect, statements: statements(dialect, tables) } };
    } catch (error) {
      throw error instanceof TypeError ? new UsageError(error.message) : error;
    }
  },
};
