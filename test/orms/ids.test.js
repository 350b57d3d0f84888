import { randomUUID } from "node:crypto";
import { expect } from "chai";
import pg from "pg";
import { KINDS } from "./ids.js";
import { ORMS } from "./postgres.js";
import { openSite } from "./site.js";

const SERVER = process.env.POSTGRES_URL ?? "postgres://postgres@127.0.0.1:5432/postgres";

describe("ids", () => {
  const database = `latchkey_orms_${randomUUID().replaceAll("-", "_")}`;
  const url = Object.assign(new URL(SERVER), { pathname: `/${database}` }).href;
  const query = async (connectionString, sql) => {
    const client = new pg.Client({ connectionString });
    await client.connect();
    await client.query(sql).finally(() => client.end());
  };

  before(async () => {
    await query(SERVER, `CREATE DATABASE ${database}`);
    for (const { table, key, ids } of KINDS) {
      const names = Object.keys(key);
      const columns = names.map((name) => `${name} ${key[name]}`).join(", ");
      const rows = ids.map((id, index) => `(${id.split(":").map((part) => `'${part}'`)}, '${["Ann", "Bob"][index]}')`);
      await query(url, `CREATE TABLE ${table} (${columns}, name text, PRIMARY KEY (${names}))`);
      await query(url, `INSERT INTO ${table} VALUES ${rows}`);
    }
  });
  after(() => query(SERVER, `DROP DATABASE IF EXISTS ${database} WITH (FORCE)`));

  for (const { name, open } of ORMS) {
    for (const kind of KINDS) {
      it(`of the kind ${kind.name} distinguish the users of ${name}`, async () => {
        const users = await open(url, kind);
        const site = await openSite(users);
        try {
          const [ann, bob] = kind.ids.map(() => site.browser());
          expect(await ann("POST", `/login/${kind.ids[0]}`)).to.eql([200, true]);
          expect(await bob("POST", `/login/${kind.ids[1]}`)).to.eql([200, true]);
          expect(await ann("GET", "/me")).to.eql([200, "Ann"]);
          expect(await bob("GET", "/me")).to.eql([200, "Bob"]);
          expect(await ann("POST", "/logout")).to.eql([200, { isAnonymous: true }]);
          expect(await ann("GET", "/me")).to.eql([401, undefined]);
          expect(await bob("GET", "/me")).to.eql([200, "Bob"]);
        } finally {
          await site.close();
          await users.close();
        }
      });
    }
  }
});
