/**
 * The rooms of the source tree, from top to bottom. A file may import only from its own room and the rooms below it.
 * This includes type imports. docs/architecture.md describes each room.
 *
 * @type {Array<{ name: string, files: string }>} `files` is a regular expression for paths
 */
export const ROOMS = [
  {
    name: "entries",
    files:
      "^src/(index\\.ts$|(routing-controllers|nestjs|impersonation|external-logins|known-browsers|session-imports|device-bound|testing|cli)/)",
  },
  { name: "login-manager", files: "^src/manager/" },
  { name: "guards", files: "^src/guards/" },
  { name: "login", files: "^src/login/" },
  { name: "current", files: "^src/current/" },
  { name: "active-sessions", files: "^src/active-sessions/" },
  { name: "core", files: "^src/core\\.ts$" },
  { name: "remember, flash", files: "^src/(remember|flash)/" },
  { name: "session", files: "^src/session/" },
  { name: "options", files: "^src/options/" },
  { name: "stores", files: "^stores/" },
  { name: "http", files: "^src/http/" },
  { name: "store, crypto", files: "^src/(store|crypto)/" },
  { name: "user", files: "^src/user\\.ts$" },
  { name: "login-fields", files: "^src/login-fields/" },
  { name: "duration, instants", files: "^src/(duration|instants)\\.ts$" },
  { name: "trace, events, json", files: "^src/(trace|events|json)\\.ts$" },
  { name: "checks", files: "^src/checks\\.ts$" },
  { name: "refusals", files: "^src/refusals\\.ts$" },
  { name: "errors", files: "^src/errors\\.ts$" },
  { name: "text, objects", files: "^src/(text|objects)\\.ts$" },
];

/** Pairs of rooms on the same floor. They must not import each other. */
export const SIBLINGS = [
  ["^src/remember/", "^src/flash/"],
  ["^src/store/", "^src/crypto/"],
];

/** The maximum number of files in one folder. */
export const MAX_FILES = 16;
