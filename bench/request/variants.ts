import type { PlaceName } from "../harness/place.js";
import { BY_HAND } from "../harness/rounds.js";

/** One of the ways to guard a request. */
export interface Way {
  /** The name in the tables. */
  label: string;
  module: string;
  name: string;
  places: readonly PlaceName[];
  isOurs?: boolean;
  /** The framework that the variant is compared with. */
  on: "express" | "controllers" | "other";
}

const EVERYWHERE: readonly PlaceName[] = ["memory", "redis", "sqlite", "postgres"];
const WITH_STORES: readonly PlaceName[] = ["memory", "redis", "postgres"];
const [EXPRESS, CONTROLLERS, PEERS, FOAL] = [
  "apps/express",
  "apps/routing-controllers",
  "peers/variants",
  "peers/foal",
].map((name) => new URL(`../${name}.js`, import.meta.url).href) as [string, string, string, string];

const onExpress = (label: string, name: string, places: readonly PlaceName[], isOurs = false): Way => {
  return { label, module: EXPRESS, name, places, isOurs, on: "express" };
};
const onControllers = (label: string, name: string, places: readonly PlaceName[], isOurs = false): Way => {
  return { label, module: CONTROLLERS, name, places, isOurs, on: "controllers" };
};

const other = (label: string, name: string, module = PEERS): Way => {
  return { label, module, name, places: ["memory"], on: "other" };
};

/** All variants. The first, Express alone, is the base of all ratios. */
export const ways: readonly Way[] = [
  onExpress("Express alone", "bare", EVERYWHERE),
  onExpress(BY_HAND, "byHand", ["memory", "redis"]),
  onExpress("express-session", "session", WITH_STORES),
  onExpress("Passport + express-session", "passportSession", WITH_STORES),
  onExpress("Passport + express-session, maxAge", "passportMaxAge", WITH_STORES),
  onExpress("latchkey", "latchkey", EVERYWHERE, true),
  onExpress("latchkey over express-session", "latchkeyOverSession", WITH_STORES, true),
  onControllers("routing-controllers alone", "bareControllers", EVERYWHERE),
  onControllers("r-c + Passport", "passportControllers", WITH_STORES),
  onControllers("r-c + latchkey", "latchkeyControllers", EVERYWHERE, true),
  other("iron-session (cookie only)", "ironSession"),
  other("Auth.js (JWT in the cookie)", "authJs"),
  other("better-auth (memory adapter)", "betterAuthSession"),
  other("FoalTS (sessions in a Map)", "foalSession", FOAL),
];
