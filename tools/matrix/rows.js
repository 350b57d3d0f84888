/**
 * The rows of the matrix. Each row installs other versions than package-lock.json, and then runs tests. The package
 * itself is built only once.
 *
 * @typedef {object} Row
 * @property {string} name
 * @property {string} [node] a major version of Node from the registry. Default: the current Node.
 * @property {string} [headers] the Node version whose headers compile better-sqlite3. Default: the row's Node.
 * @property {Record<string, string>} [packages] a version or a range per package name
 * @property {boolean} [lowest] installs the lowest supported version of every package
 * @property {boolean} [native] compiles better-sqlite3 again, for another Node or another version
 * @property {readonly string[]} [tests] files in `test`, without `.test.ts`. Default: all files.
 * @property {readonly string[]} [program] a program that runs tests, and its arguments, instead of `tests`
 * @property {boolean} [quick] runs only the first tier, as `npm test` does. Default: all tests.
 */

/**
 * The tests for every version: logins, guards, remember cookies, session cookies, and loading and compiling the
 * package.
 */
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
  ...["guards/guards", "routing-controllers/controller-guards", "routing-controllers/inherited-guards"],
  ...["routing-controllers/deny-by-default", "routing-controllers/deny-by-default-order", "stores/redis"],
];
/** The store contract on every backend, and the differences between driver versions. */
const STORES = ["stores/stores", "stores/open-store", "stores/typeorm", "stores/redis-index"];
/** The session middleware with the framework, and express-session with the framework. */
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

const onNestJS = (/** @type {string} */ major) => ({
  name: `nestjs-${major}`,
  program: ["test/nestjs-versions/run.js", major],
});

/** @type {Row[]} */
export const ROWS = [
  onNode("22"),
  onNode("24", "24.18"), // newer headers can abort Node: https://github.com/nodejs/node/issues/65446
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
  ...["10", "11", "12"].map(onNestJS),
  { name: "typescript-5.8", packages: { typescript: "5.8" }, tests: ["package/consumers"] },
  { name: "typescript-6", packages: { typescript: "6" }, tests: ["package/consumers"] },
  { name: "lowest", lowest: true, native: true, tests: [...CORE, ...STORES, ...FRAMEWORK] },
];

/** The rows that run for every change. Each takes a few minutes. */
export const SHORT = ["node-22", "node-24", "node-26", "express-4", "lowest"];

/** Limits a row to the first tier of tests. @param {Row} row @returns {Row} */
export function inShort(row) {
  return { ...row, quick: true };
}
