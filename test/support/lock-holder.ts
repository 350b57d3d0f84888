import Database from "better-sqlite3";

// Holds the write lock of a SQLite file, as another process of an application might do, until it is told to let go.
const db = new Database(process.argv[2]!);
process.on("disconnect", () => process.exit());
process.on("message", (message) => {
  db.exec(message === "lock" ? "BEGIN IMMEDIATE" : "COMMIT");
  process.send!(message as string);
});
process.send!("ready");
