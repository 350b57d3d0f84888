#!/usr/bin/env node
// A schema engine for the command line of Prisma: a process that serves JSON-RPC on standard input and output. Prisma
// would download a binary. This script runs the same engine from a WebAssembly package, and supports only PostgreSQL.
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { PrismaPg } from "@prisma/adapter-pg";
import { bindMigrationAwareSqlAdapterFactory } from "@prisma/driver-adapter-utils";
import * as glue from "@prisma/schema-engine-wasm/schema_engine_bg";
import pg from "pg";

/** The type ids of PostgreSQL's internal "char", which the adapter does not support, and of `text`. */
const [CHAR, TEXT] = [18, 25];
const { addFields } = pg.Result.prototype;
pg.Result.prototype.addFields = function (fields) {
  for (const field of fields) if (field.dataTypeID === CHAR) field.dataTypeID = TEXT;
  addFields.call(this, fields);
};

const connect = (connectionString) => new PrismaPg({ connectionString }).connect();

/** Creates the database in which the engine replays the migrations. `dispose` drops the database. */
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

/** Returns the values of an argument that can occur several times. */
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

/** The engine that handles the requests. `answer` can replace it. */
let engine;

async function answer(method, params) {
  try {
    if (method === "evaluateDataLoss") {
      // In this build, an engine that has applied migrations cannot create another shadow database. A new engine can,
      // but only after devDiagnostic.
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

// With `cli`, Prisma only checks whether the database exists.
if (!process.argv.includes("cli")) {
  await loadEngine();
  for await (const line of createInterface(process.stdin)) {
    const { id, method, params } = JSON.parse(line);
    process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", id, ...(await answer(method, params)) })}\n`);
  }
  process.exit();
}
