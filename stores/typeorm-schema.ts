import {
  type DataSource,
  EntitySchema,
  type MigrationInterface,
  type ObjectLiteral,
  type QueryRunner,
  Table,
} from "typeorm";

/** One row of the table. */
export interface SessionRow extends ObjectLiteral {
  id: string;
  userId: string | null;
  data: string;
  createdAt: number;
  lastSeenAt: number;
  expiresAt: number;
}

/** The table where no other is named. */
export const TABLE = "latchkey_sessions";
/** 255 characters of up to four bytes. */
const USER_ID_BYTES = 1020;

/** How the table is made. */
export interface SessionSchemaOptions {
  /** @default "latchkey_sessions" */
  tableName?: string;
  /** The data source's `type`: MySQL and MariaDB must be told to compare ids exactly. */
  type?: DataSource["options"]["type"];
}

/** The table of sessions, for a data source's `entities`. */
export function sessionSchema({ tableName = TABLE, type }: SessionSchemaOptions = {}): EntitySchema<SessionRow> {
  const text = exactText(type);
  const instant = { type: "bigint" as const, transformer: { from: Number, to: (value: number) => value } };
  return new EntitySchema<SessionRow>({
    name: entityName(tableName),
    tableName,
    columns: {
      id: { ...text, length: 64, primary: true },
      userId: { ...text, name: "user_id", length: USER_ID_BYTES, nullable: true },
      data: longText(type),
      createdAt: { name: "created_at", ...instant },
      lastSeenAt: { name: "last_seen_at", ...instant },
      expiresAt: { name: "expires_at", ...instant },
    },
    indices: [
      { name: `${tableName}_user_id`, columns: ["userId"] },
      { name: `${tableName}_expires_at`, columns: ["expiresAt"] },
    ],
  });
}

/** The migration that makes the table, for a data source's `migrations`. */
export class CreateLatchkeySessions1700000000000 implements MigrationInterface {
  /** TypeORM orders migrations by the number at the end. */
  name = "CreateLatchkeySessions1700000000000";
  protected tableName = TABLE;

  async up(runner: QueryRunner): Promise<void> {
    const { tableName } = this;
    const { type } = exactText(runner.connection.options.type);
    const instant = (name: string) => ({ name, type: "bigint" });
    await runner.createTable(
      new Table({
        name: tableName,
        columns: [
          { name: "id", type, length: "64", isPrimary: true },
          { name: "user_id", type, length: String(USER_ID_BYTES), isNullable: true },
          { name: "data", ...longText(runner.connection.options.type) },
          instant("created_at"),
          instant("last_seen_at"),
          instant("expires_at"),
        ],
        indices: [
          { name: `${tableName}_user_id`, columnNames: ["user_id"] },
          { name: `${tableName}_expires_at`, columnNames: ["expires_at"] },
        ],
      }),
      true,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable(this.tableName);
  }
}

/** What TypeORM calls the rows of a table. */
export function entityName(tableName: string): string {
  return `LatchkeySession:${tableName}`;
}

/** Text that is compared exactly: MySQL and MariaDB take "Ann", "ann", "änn" and "Ann " for the same unless they are bytes. */
function exactText(type: DataSource["options"]["type"] | undefined) {
  if (type !== "mysql" && type !== "mariadb") return { type: "varchar" as const };
  const fromBytes = (value: Buffer | string | null) => (Buffer.isBuffer(value) ? value.toString() : value);
  return { type: "varbinary" as const, transformer: { from: fromBytes, to: (value: string | null) => value } };
}

/** Text of any length and script: in MySQL and MariaDB `text` ends at 64 KB, and follows the database's own character set. */
function longText(type: DataSource["options"]["type"] | undefined) {
  const isMySql = type === "mysql" || type === "mariadb";
  return isMySql ? { type: "mediumtext" as const, charset: "utf8mb4" } : { type: "text" as const };
}
