import { dropDatabase, type Kind } from "./databases.js";

/** Drops the databases that the arguments name, each as `kind:name`. */
for (const argument of process.argv.slice(2)) {
  const [kind, name] = argument.split(":") as [Kind, string];
  await dropDatabase(kind, name);
}
