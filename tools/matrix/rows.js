/**
 * The rows of the matrix: what is installed over the versions of package-lock.json, and which tests run then, on the package as it was
 * built once.
 *
 * @typedef {object} Row
 * @property {string} name
 * @property {string} [node] a major of Node, whose binary comes from the registry; else the Node that runs this
 * @property {string} [headers] the Node whose headers compile better-sqlite3; else the one that runs
 * @property {Record<string, string>} [packages] a version or a range for each name
 * @property {boolean} [lowest] the lowest version of each range of package.json, together
 * @property {boolean} [native] compiles better-sqlite3 anew, for another Node or another version
 * @property {readonly string[]} [tests] files of `test`, without `.test.ts`; else every file
 * @property {boolean} [quick] runs the first tier, as `npm test` does; else everything, on servers and in the browser
 */

/** What must hold everywhere: logins, guards, remembering, the cookie, and the package as others compile and load it. */
const CORE = [
  ...[
    "package/consumers",
    "login/login",
    "login/confirm",
    "instants",
    "session/id-cookie",
    "remember/remember",
    "guards/next-url",
    "current/authenticate",
  ],
  ...["guards/guards", "routing-controllers/controller-guards", "routing-controllers/inherited-guards", "stores/redis"],
];
/** The contract on every backend, and what differs between the versions of their drivers. */
const STORES = ["stores/stores", "stores/open-store", "stores/typeorm", "stores/redis-index"];
/** The session middleware under the framework, and an express-session in its place. */
const FRAMEWORK = [
  ...[
    "session/foreign-session",
    "active-sessions/foreign-sessions",
    "stores/express-session",
    "http/before-response",
    "session/records",
  ],
  ...[
    "session/express-store",
    "login/manager",
    "routing-controllers/guarded-actions",
    "routing-controllers/routing-controllers",
    "current/templates",
    "routing-controllers/request-parameters",
  ],
];
const REDIS = [
  "stores/redis",
  "stores/redis-commands",
  "stores/redis-index",
  "stores/redis-moving-login",
  "stores/open-store",
];

const onNode = (/** @type {string} */ major, /** @type {string} */ headers = major) => ({
  name: `node-${major}`,
  node: major,
  headers,
  native: true,
});

/** @type {Row[]} */
export const ROWS = [
  onNode("22"),
  onNode("24", "24.18"), // what is compiled with those from 24.19 on may abort Node: https://github.com/nodejs/node/issues/65446
  onNode("26"),
  { name: "express-4", packages: { express: "4.21.0", express4: "npm:express@4.21.0" } },
  { name: "express-session-1.18", packages: { "express-session": "1.18.2" }, tests: FRAMEWORK },
  {
    name: "connect-redis-10",
    packages: { "connect-redis": "10" },
    tests: ["stores/stores", "examples/express-session"],
  },
  { name: "node-redis-5", packages: { redis: "5.0.0" }, tests: REDIS },
  { name: "typeorm-0.3", packages: { typeorm: "0.3.20" }, tests: STORES },
  { name: "typescript-5.8", packages: { typescript: "5.8" }, tests: ["package/consumers"] },
  { name: "typescript-6", packages: { typescript: "6" }, tests: ["package/consumers"] },
  { name: "lowest", lowest: true, native: true, tests: [...CORE, ...STORES, ...FRAMEWORK] },
];

/** The rows for every change: some minutes each. */
export const SHORT = ["node-22", "node-24", "node-26", "express-4", "lowest"];

/** A row in short: the first tier instead of every test. @param {Row} row @returns {Row} */
export function inShort(row) {
  return { ...row, quick: true };
}
