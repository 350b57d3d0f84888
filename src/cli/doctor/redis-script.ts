import type { Inside } from "../../../stores/open/inside.js";
import { asText } from "../../../stores/redis/commands.js";

/** The result of a script. With a Cluster, it runs on the master that has the key `<prefix>doctor`. */
export async function asked({ client, prefix }: Inside & { kind: "redis" }, script: string): Promise<unknown> {
  return asText(await client.eval(script, { keys: [`${prefix}doctor`], arguments: [] }));
}
