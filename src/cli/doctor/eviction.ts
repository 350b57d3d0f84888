import type { Inside } from "../../../stores/open/inside.js";
import { type Eviction, evictionOf } from "../../../stores/open/redis/eviction.js";
import { reasonFor } from "../failure.js";
import { type Check, resultsOf } from "./check.js";

/** Checks that Redis does not delete sessions when its memory is full. */
export async function checkEviction(inside: Inside & { kind: "redis" }): Promise<Check> {
  const { ok, warning, failed } = resultsOf("eviction");
  let eviction: Eviction;
  try {
    eviction = await evictionOf(inside);
  } catch (error) {
    return warning(`cannot read the eviction policy: ${reasonFor(error)}`);
  }
  const { policy, limit } = eviction;
  if (policy === undefined) return warning("the server does not report its eviction policy");
  const setting = `maxmemory-policy is ${policy}`;
  if (policy === "noeviction") return ok(setting);
  if (limit === 0) return warning(`${setting}, but no maxmemory is set; set noeviction before you set a limit`);
  const sooner = `${setting}: when its memory is full, Redis logs users out`;
  if (policy === "volatile-ttl") return warning(`${sooner}, first those whose sessions end soonest; set noeviction`);
  return failed(`${sooner}, and hides sessions from lists; set noeviction`);
}
