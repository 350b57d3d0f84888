#!/usr/bin/env node
// The schema engine as the command line of Prisma starts it: a process that answers JSON-RPC on its standard input and output. Prisma
// would download a program for it. This one runs the same engine as WebAssembly, which the registry has, and only on PostgreSQL.
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { PrismaPg } from "@prisma/adapter-pg";
import { bindMigrationAwareSqlAdapterFactory } from "@prisma/driver-adapter-utils";
import * as glue from "@prisma/schema-engine-wasm/schema_engine_bg";
import pg from "pg";

/** PostgreSQL's internal type "char", which the adapter does not know, and `text`. */
const [CHAR, TEXT] = [18, 25];
const { addFields } = pg.Result.prototype;
pg.Result.prototype.addFields = function (fields) {
  for (const field of fields) if (field.dataTypeID === CHAR) field.dataTypeID = TEXT;
  addFields.call(this, fields);
};

const connect = (connectionString) => new PrismaPg({ connectionString }).connect();

/** Makes the database in which the engine replays the migrations. It is dropped when the engine has finished with it. */
async function connectToShadowDb(url) {
  const name = `latchkey_sql_shadow_${randomUUID().replaceAll("-", "_")}`;
  const main = await connect(url);
  await main.executeScript(`CREATE DATABASE ${name}`);
  const shadow = await connect(Object.assign(new URL(url), { pathname: `/${name}` }).href);
  const close = shadow.dispose.bind(shadow);
  shadow.dispose = async () => {
    await close();
    await main.executeScript(`DROP DATABASE ${name} WITH (FORCE)`);
    await main.dispose();
  };
  return shadow;
}

/** The values of an argument that may be given several times. */
const valuesOf = (name) => process.argv.filter((_, i) => process.argv[i - 1] === name);

async function loadEngine() {
  const file = new URL("schema_engine_bg.wasm", import.meta.resolve("@prisma/schema-engine-wasm"));
  const { instance } = await WebAssembly.instantiate(readFileSync(file), { "./schema_engine_bg.js": glue });
  glue.__wbg_set_wasm(instance.exports);
  instance.exports.__wbindgen_start();
}

function openEngine() {
  const { url } = JSON.parse(valuesOf("--datasource")[0]);
  const datamodels = valuesOf("--datamodels").map((path) => [path, readFileSync(path, "utf8")]);
  const factory = Object.assign(new PrismaPg({ connectionString: url }), {
    connectToShadowDb: () => connectToShadowDb(url),
  });
  return glue.SchemaEngine.new({ datamodels }, () => {}, bindMigrationAwareSqlAdapterFactory(factory));
}

/** Answers all requests, unless `answer` replaces it. */
let engine;

async function answer(method, params) {
  try {
    if (method === "evaluateDataLoss") {
      // In this build, an engine that has applied migrations makes no shadow database any more, and a new one only after a diagnosis.
      const { migrationsList, filters } = params;
      engine = await openEngine();
      await engine.devDiagnostic({ migrationsList, filters });
    }
    engine ??= await openEngine();
    return { result: (await engine[method](params)) ?? {} };
  } catch ({ message }) {
    return { error: { code: 4466, message, data: { message } } };
  }
}

// With `cli`, Prisma only asks whether the database is there.
if (!process.argv.includes("cli")) {
  await loadEngine();
  for await (const line of createInterface(process.stdin)) {
    const { id, method, params } = JSON.parse(line);
    process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", id, ...(await answer(method, params)) })}\n`);
  }
  process.exit();
}
