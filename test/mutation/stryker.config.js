import { fileURLToPath } from "node:url";

/**
 * The source files that decide about access, and the tests that must detect changes in them. These tests need no
 * server.
 */
const groups = {
  guards: {
    sources: ["guards/guards", "routing-controllers/controller-guards", "instants"],
    tests: [
      "guards/guards",
      "guards/guard-table",
      "guards/challenge-handlers",
      "instants",
      "routing-controllers/inherited-guards",
      "routing-controllers/controller-guards",
      "routing-controllers/routing-controllers",
    ],
  },
  verbs: {
    sources: ["login/login", "login/start-session", "login/logout", "login/confirm", "session/regenerate"],
    tests: [
      "login/login",
      "login/confirm",
      "instants",
      "events",
      "store/faults",
      "session/id-collisions",
      "session/late-create",
      "active-sessions/security-stamp",
      "remember/remember",
      "remember/ends",
      "remember/once",
      "login/password-change",
      "session/foreign-session",
    ],
  },
  loading: {
    sources: ["current/verify", "current/load-user", "current/resolve-user", "crypto/security-stamp", "http/client"],
    tests: [
      "current/resolve-user",
      "current/current-user",
      "active-sessions/security-stamp",
      "session/protection",
      "user",
      "session/records",
      "remember/remember",
      "remember/once",
      "current/key-rotation",
    ],
  },
  origins: {
    sources: ["http/origin", "http/request-origin", "guards/same-origin"],
    tests: ["guards/same-origin", "guards/same-origin-upgrades", "http/cross-site"],
  },
  redirects: {
    sources: ["guards/next-url"],
    tests: ["guards/next-url", "guards/next-elsewhere", "guards/requested-page"],
  },
  sessions: {
    sources: ["session/express-store", "session/records"],
    tests: [
      "session/express-store",
      "session/records",
      "session/id-cookie",
      "session/snapshot",
      "current/other-applications",
      "express-session/verbs",
      "current/clocks",
      "stores/retries",
      "stores/express-session",
      "login/login",
      "login/confirm",
      "store/faults",
      "session/merged-updates",
      "races/contention",
      "store/cost",
    ],
  },
  requests: {
    sources: [
      "session/own-session",
      "session/own-response",
      "session/request-session",
      "session/snapshot",
      "session/id-cookie",
    ],
    tests: [
      "session/express-store",
      "session/records",
      "session/id-cookie",
      "crypto/cookie-format",
      "options/cookie",
      "session/snapshot",
      "current/key-rotation",
      "current/other-applications",
      "session/foreign-session",
      "current/authenticate-own-session",
      "active-sessions/foreign-sessions",
      "express-session/answering",
      "express-session/cookies",
      "express-session/finding",
      "express-session/making",
      "express-session/options",
      "express-session/saving",
      "express-session/unset",
      "express-session/verbs",
      "remember/once",
      "http/before-response",
      "http/caching",
      "session/merged-updates",
      "store/faults-at-the-end",
    ],
  },
  limits: {
    sources: ["active-sessions/limit"],
    tests: ["active-sessions/limit", "remember/once", "active-sessions/foreign-sessions"],
  },
  remembering: {
    sources: [
      "remember/remember",
      "remember/stateless",
      "remember/token",
      "remember/persistent",
      "remember/presented-token",
    ],
    tests: [
      "remember/remember",
      "remember/persistent",
      "remember/ends",
      "remember/once",
      "remember/refresh",
      "remember/token-cookie",
      "remember/faults",
      "remember/theft",
      "current/authenticate-remember",
      "current/key-rotation",
      "http/caching",
    ],
  },
};

const name = process.env.MUTATE ?? "guards";
const group = groups[name];
if (!group) throw new Error(`MUTATE must be one of ${Object.keys(groups).join(", ")}, not ${name}`);

// Stryker recognizes a test by its title, and some titles show the seed.
process.env.FUZZ_SEED ??= "1";

/** Stryker's settings for the group that `MUTATE` names. */
// biome-ignore lint/style/noDefaultExport: Stryker requires a default export
export default {
  mutate: group.sources.map((source) => `src/${source}.ts`),
  // Stryker compiles all mutants together. Mutants hide the types of initial values, so isolatedDeclarations must be
  // off. Stryker does not use a shell to run this command, so spaces need backslashes.
  buildCommand: String.raw`sh -c npx\ tsc\ -p\ tsconfig.json\ --isolatedDeclarations\ false\ &&\ node\ tools/bundle.js\ &&\ npm\ run\ -s\ build:test`,
  plugins: [fileURLToPath(import.meta.resolve("@stryker-mutator/mocha-runner"))],
  testRunner: "mocha",
  mochaOptions: {
    "no-config": true,
    spec: group.tests.map((test) => `build/test/${test}.test.js`),
    require: [
      "reflect-metadata",
      "./build/test/support/server.js",
      fileURLToPath(new URL("deadline.js", import.meta.url)),
    ],
  },
  coverageAnalysis: "perTest",
  ignoreStatic: true,
  tsconfigFile: "none.json", // otherwise Stryker reads tsconfig.json with an older TypeScript
  ignorePatterns: ["/.ci", "/bench", "/coverage", "/dist", "/build", "/test/mutation", "/docs/node_modules"],
  mutator: { excludedMutations: ["StringLiteral"] }, // most strings are error messages
  reporters: ["clear-text"],
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
  concurrency: 2,
  timeoutMS: 10_000,
  tempDirName: "build/mutants",
};
