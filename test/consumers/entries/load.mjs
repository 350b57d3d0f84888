import { createRequire, register } from "node:module";

register("./hooks.mjs", import.meta.url);
await import(process.argv[2]);
for (const file of Object.keys(createRequire(import.meta.url).cache)) {
  const name = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1];
  if (name) process.stdout.write(`${name}\n`);
}
