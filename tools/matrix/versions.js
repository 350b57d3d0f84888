import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/**
 * The supported versions of the peer dependencies and of connect-redis. The ranges in package.json are wider, so that
 * npm can install latchkey next to any version that an application already uses.
 */
const MADE_FOR = {
  "@nestjs/common": "^10.0.0 || ^11.0.0 || ^12.0.0",
  "@types/express": "^4.17.21 || ^5.0.0",
  "@types/express-session": "^1.18.0",
  "better-sqlite3": "^12.0.0",
  "connect-redis": "^9.0.0 || ^10.0.0",
  express: "^4.21.0 || ^5.0.0",
  "express-session": "^1.18.2",
  ioredis: "^5.0.0 || ^6.0.0",
  mysql2: "^3.0.0",
  pg: "^8.5.1",
  redis: "^5.0.0 || ^6.0.0",
  "routing-controllers": "^0.11.0",
  sqlite3: "^6.0.0",
  typeorm: "^0.3.20 || ^1.0.0",
};

/**
 * Returns the lowest supported version of each dependency and of each of these packages that the tests install. ioredis
 * is left out: npm does not install it, because it is only an optional peer. `npm run test:drivers` tests it.
 */
export function lowestVersions() {
  const { dependencies, devDependencies, peerDependencies } = JSON.parse(readFileSync("package.json", "utf8"));
  const forgotten = Object.keys(peerDependencies).filter((name) => !Object.hasOwn(MADE_FOR, name));
  if (forgotten.length > 0) throw new Error(`tools/matrix/versions.js has no range for ${forgotten.join(", ")}`);
  const ranges = Object.entries({ ...dependencies, ...MADE_FOR });
  const installed = { ...dependencies, ...devDependencies };
  return Object.fromEntries(
    ranges.filter(([name]) => Object.hasOwn(installed, name)).map(([name, range]) => [name, lowestOf(name, range)]),
  );
}

/** @param {string} name @param {string} range */
function lowestOf(name, range) {
  const answer = JSON.parse(
    execFileSync("npm", ["view", `${name}@${range}`, "version", "--json"], { encoding: "utf8" }),
  );
  const versions = [answer].flat().filter((version) => !version.includes("-"));
  const [lowest] = versions.sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  if (!lowest) throw new Error(`no version of ${name} matches ${range}`);
  return lowest;
}

/** Returns the version of a package that is installed in a tree. @param {string} tree @param {string} name */
export function installedVersion(tree, name) {
  return JSON.parse(readFileSync(`${tree}/node_modules/${name}/package.json`, "utf8")).version;
}
