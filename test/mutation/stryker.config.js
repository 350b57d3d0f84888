import { fileURLToPath } from "node:url";

/** What decides about who gets in, and the tests that have to notice when it decides otherwise: quick ones, on no server. */
const groups = {
  guards: {
    sources: ["guards", "controller-guards", "freshness"],
    tests: [
      "guards",
      "guard-table",
      "challenge-handlers",
      "freshness",
      "inherited-guards",
      "controller-guards",
      "routing-controllers",
    ],
  },
  verbs: {
    sources: ["login", "enter-session", "logout", "confirm", "session-move"],
    tests: [
      "login",
      "confirm",
      "freshness",
      "events",
      "faults",
      "id-collisions",
      "late-create",
      "stamp",
      "remember",
      "remember-ends",
      "remember-once",
      "password-change",
      "own-express-session",
    ],
  },
  loading: {
    sources: ["judge", "load-user", "stamp", "session-protection"],
    tests: [
      "load-user",
      "current-user",
      "stamp",
      "session-protection",
      "user",
      "session-lifetime",
      "remember",
      "remember-once",
      "key-rotation",
    ],
  },
  redirects: { sources: ["next-url"], tests: ["next-url", "requested-page"] },
  sessions: {
    sources: ["session-bridge", "session-records"],
    tests: [
      "session-bridge",
      "session-lifetime",
      "session-cookie",
      "unserializable-sessions",
      "other-applications",
      "express-session/verbs",
      "clocks",
      "retries",
      "wrapped-store",
      "login",
      "confirm",
      "faults",
      "saves-at-once",
      "contention",
      "store-cost",
    ],
  },
  requests: {
    sources: ["session-request", "session-access", "session-changes", "session-cookie"],
    tests: [
      "session-bridge",
      "session-lifetime",
      "session-cookie",
      "cookie-format",
      "cookie-options",
      "unserializable-sessions",
      "key-rotation",
      "other-applications",
      "own-express-session",
      "authenticate-own-session",
      "foreign-sessions",
      "express-session/answering",
      "express-session/cookies",
      "express-session/finding",
      "express-session/making",
      "express-session/options",
      "express-session/saving",
      "express-session/unset",
      "express-session/verbs",
      "remember-once",
      "response-start",
      "caching",
      "saves-at-once",
      "faults-at-the-end",
    ],
  },
  limits: { sources: ["session-limit"], tests: ["session-limit", "remember-once", "foreign-sessions"] },
  remembering: {
    sources: ["remember", "remember-stateless", "remember-token", "remember-persistent"],
    tests: [
      "remember",
      "remember-persistent",
      "remember-ends",
      "remember-once",
      "remember-refresh",
      "remember-token-cookie",
      "remember-faults",
      "remember-theft",
      "authenticate-remember",
      "key-rotation",
      "caching",
    ],
  },
};

const name = process.env.MUTATE ?? "guards";
const group = groups[name];
if (!group) throw new Error(`MUTATE is one of ${Object.keys(groups).join(", ")}, not ${name}`);

/** Stryker's settings for the group that `MUTATE` names. */
// biome-ignore lint/style/noDefaultExport: Stryker wants it so
export default {
  mutate: group.sources.map((source) => `src/${source}.ts`),
  // Compiled once, with all mutants in it, where a property's initial value shows its type no more; there is no shell, hence the backslashes.
  buildCommand: String.raw`sh -c npm\ run\ -s\ build\ --\ --isolatedDeclarations\ false\ &&\ npm\ run\ -s\ build:test`,
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
  tsconfigFile: "none.json", // Stryker would read it with an older TypeScript
  ignorePatterns: ["/.ci", "/bench", "/coverage", "/dist", "/build", "/test/mutation", "/docs/node_modules"],
  mutator: { excludedMutations: ["StringLiteral"] }, // mostly the words of errors
  reporters: ["clear-text"],
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
  concurrency: 2,
  timeoutMS: 10_000,
  tempDirName: "build/mutants",
};
