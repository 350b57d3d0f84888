import assert from "node:assert/strict";
import * as sql from "latchkey/stores/sql";
import pg from "pg";
import { Recipe } from "./recipe.js";
import { makeDatabase } from "./servers.js";

/**
 * The recipes. `edits` adds a column to the users. `commands` and `push` apply the change to the database. `line`
 * protects latchkey's table in the schema `public`. `others` test what happens without that line.
 */
const RECIPES = [
  {
    name: "prisma",
    edits: (column) => ["schema.prisma", "email        String @unique", `$&\n  ${column} String?`],
    config: "prisma.config.ts",
    line: "externalTables: true",
    commands: (migration) => [`npx prisma migrate dev --name ${migration}`],
    push: "npx prisma db push",
    others: {
      "migrate dev asks to reset the database": async ({ recipe, migrate, makeTable, addColumn }) => {
        await migrate("users");
        await makeTable();
        addColumn("nickname");
        const { code, output } = await recipe.run("npx prisma migrate dev --name nickname");
        assert.notEqual(code, 0);
        assert.match(output, /Drift detected[\s\S]*We need to reset the "public" schema/);
      },
      "migrate dev creates a migration that drops the table if a migration created the table": async ({
        recipe,
        migrate,
        addColumn,
      }) => {
        await migrate("users");
        await recipe.expect("npx prisma migrate dev --create-only --name sessions");
        recipe.write(recipe.migration("sessions").file, sql.ddl("postgres"));
        await recipe.expect("npx prisma migrate deploy");
        addColumn("nickname");
        await recipe.expect("npx prisma migrate dev --create-only --name nickname");
        assert.match(recipe.migration("nickname").text, /DROP TABLE "latchkey_sessions"/);
      },
    },
  },
  {
    name: "drizzle",
    edits: (column) => ["schema.ts", "email: text()", `${column}: text(),\n  $&`],
    config: "drizzle.config.ts",
    line: "tablesFilter",
    commands: (migration) => [`npx drizzle-kit generate --name ${migration}`, "npx drizzle-kit migrate"],
    push: "npx drizzle-kit push",
    others: {
      "push --force drops the table with its rows": async ({ recipe, migrate, makeTable, isThere }) => {
        await migrate("users");
        await makeTable();
        await recipe.expect("npx drizzle-kit push --force");
        assert.equal(await isThere(), false);
      },
      "generate and migrate do not drop the table": async ({ migrate, makeTable, addColumn, columns, isThere }) => {
        await migrate("users");
        await makeTable();
        addColumn("nickname");
        await migrate("nickname");
        assert.equal((await columns()).includes("nickname"), true);
        assert.equal(await isThere(), true);
      },
    },
  },
];
const RECORD_ID = "a-session";
const ann = { email: "ann@example.com", password: "correct horse battery" };

for (const { name, edits, config, line, commands, push, others } of RECIPES) {
  describe(`the recipe ${name}`, function () {
    this.timeout(600_000);
    let url, drop, recipe, pool;
    beforeEach(async () => {
      ({ url, drop } = await makeDatabase("postgres"));
      recipe = new Recipe(name, url);
      pool = new pg.Pool({ connectionString: url });
      pool.on("error", () => {});
    });
    afterEach(async () => {
      recipe.remove();
      await pool.end();
      await drop();
    });

    const addColumn = (column) => recipe.edit(...edits(column));
    const migrate = async (migration) => {
      for (const command of commands(migration)) await recipe.expect(command);
    };
    async function columns() {
      const query = "SELECT column_name AS name FROM information_schema.columns WHERE table_name = 'users'";
      return (await pool.query(query)).rows.map((row) => row.name);
    }
    async function isThere(table = "latchkey_sessions") {
      return (await pool.query("SELECT to_regclass($1) IS NOT NULL AS there", [table])).rows[0].there;
    }
    const store = () => new sql.SqlStore(sql.pg(pool), { timeout: 60_000 });
    /** Creates latchkey's table in the schema `public`, with one record. */
    async function makeTable() {
      const now = Date.now();
      const instants = { createdAt: now, lastSeenAt: now, expiresAt: now + 3_600_000 };
      await store().migrate();
      await store().create(RECORD_ID, { kind: "session", userId: "1", data: {}, ...instants, revision: 0 });
    }

    it("works as the page says, and keeps its logins when the users table changes", async () => {
      let browser, printed;
      for (const command of recipe.commands) {
        if (command === "node dist/app.js") browser = await recipe.start(command);
        else if (command === "node dist/print-table.js") printed = await recipe.expect(command);
        else await recipe.expect(command);
        if (/--name sessions/.test(command)) recipe.write(recipe.migration("sessions").file, printed);
      }
      assert.equal((await browser.get("/account")).status, 401);
      assert.equal((await browser.post("/signup", { json: { ...ann, password: "14 characters!" } })).status, 422);
      assert.equal((await browser.post("/signup", { json: ann })).status, 201);
      assert.deepEqual((await browser.get("/account")).json(), { email: ann.email });
      assert.equal((await browser.post("/logout")).status, 204);
      assert.equal((await browser.post("/login", { json: { ...ann, password: "wrong" } })).status, 401);
      assert.equal((await browser.post("/login", { json: ann })).status, 200);

      addColumn("nickname");
      await migrate("nickname");
      addColumn("language");
      await recipe.expect(push);
      assert.deepEqual((await columns()).sort(), ["email", "id", "language", "nickname", "password_hash"]);
      assert.deepEqual((await browser.get("/account")).json(), { email: ann.email });
      await browser.restart();
      assert.deepEqual((await browser.get("/account")).json(), { email: ann.email });
      assert.equal(await isThere("latchkey.latchkey_sessions"), true);
      assert.equal(await isThere(), false);
    });

    it(`in the schema public, with the line ${line}: every command keeps the table`, async () => {
      recipe.write(
        config,
        recipe.fragments.find((text) => text.includes(line)),
      );
      await migrate("users");
      await makeTable();
      addColumn("nickname");
      await migrate("nickname");
      addColumn("language");
      await recipe.expect(push);
      assert.deepEqual((await columns()).sort(), ["email", "id", "language", "nickname", "password_hash"]);
      assert.equal((await store().read(RECORD_ID)).userId, "1");
    });

    const without = `in the schema public, without the line ${line}:`;

    it(`${without} push asks before it drops a table with rows, and drops an empty one`, async () => {
      await migrate("users");
      await makeTable();
      addColumn("nickname");
      const { output } = await recipe.run(push);
      assert.match(
        output,
        /You are about to drop the `latchkey_sessions` table|about to delete latchkey_sessions table/,
      );
      assert.equal((await store().read(RECORD_ID)).userId, "1");
      await store().destroy(RECORD_ID);
      await recipe.expect(push);
      assert.equal(await isThere(), false);
    });

    for (const [title, run] of Object.entries(others))
      it(`${without} ${title}`, () => run({ recipe, migrate, makeTable, addColumn, columns, isThere }));
  });
}
