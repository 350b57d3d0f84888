import { asText } from "../../redis/commands.js";
import type { Inside } from "../inside.js";

/** Returns the result of a script. With a Cluster, it runs on the master that has the key `<prefix>doctor`. */
export async function evaluated({ client, prefix }: Inside & { kind: "redis" }, script: string): Promise<unknown> {
  return asText(await client.eval(script, { keys: [`${prefix}doctor`], arguments: [] }));
}
