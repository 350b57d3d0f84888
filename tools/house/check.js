import { readdirSync } from "node:fs";
import { dirname } from "node:path/posix";
import { cruise } from "dependency-cruiser";
import { MAX_FILES, ROOMS, SIBLINGS } from "./rooms.js";

const FOLDERS = ["src", "stores"];

const rule = (name, from, to) => ({ name, severity: "error", from: { path: from }, to });

const FORBIDDEN = [
  { name: "circle", severity: "error", from: {}, to: { circular: true } },
  ...ROOMS.slice(1).map(({ name, files }, i) =>
    rule(`${name} imports upwards`, files, { path: ROOMS.slice(0, i + 1).map((room) => room.files) }),
  ),
  ...SIBLINGS.flatMap(([one, other]) => [
    rule("siblings import each other", one, { path: other }),
    rule("siblings import each other", other, { path: one }),
  ]),
  rule(
    "an entry imports another",
    "^src/(routing-controllers|nestjs|external-logins|known-browsers|session-imports|device-bound|testing|cli)/",
    {
      path: "^src/(index\\.ts|(routing-controllers|nestjs|external-logins|known-browsers|session-imports|device-bound|testing|cli)/)",
      pathNot: "^src/$1/",
    },
  ),
  rule("a store imports more than the contract", "^stores/", {
    path: "^src/",
    pathNot: "^src/(store/|(json|errors|text)\\.ts$)",
  }),
  rule("a store imports another store", "^stores/(memory|redis|sql|express-session|moving)/", {
    path: "^stores/",
    pathNot: "^stores/($1/|(at-most|decoded|given|packed)\\.ts$)",
  }),
  rule("a store imports another store", "^stores/typeorm/", { path: "^stores/", pathNot: "^stores/(typeorm|sql)/" }),
  rule("only the default store may be imported here", "^src/(?!cli/)", {
    path: "^stores/",
    pathNot: "^stores/memory/",
  }),
  rule("the library imports its tests", ".", { path: "^(test|examples|bench|tools)/" }),
];

/**
 * Reads the imports of a source tree, including type imports, and lists the problems, one line per problem.
 *
 * @param {string} root the folder that has `src` and `stores`
 */
export async function examine(root) {
  const { output } = await cruise(FOLDERS, {
    baseDir: root,
    validate: true,
    ruleSet: { forbidden: FORBIDDEN },
    tsPreCompilationDeps: true,
    doNotFollow: { path: "node_modules" },
  });
  const { modules, summary } = output;
  const files = FOLDERS.flatMap((folder) => sourcesIn(root, folder));
  const seen = new Set(modules.map(({ source }) => source));
  const isInRoom = (file) => ROOMS.some((room) => new RegExp(room.files).test(file));
  const problems = [
    ...files
      .filter((file) => !seen.has(file))
      .map((file) => `${file} was not found by dependency-cruiser, so its imports are not checked`),
    ...files.filter((file) => !isInRoom(file)).map((file) => `${file} is in no room`),
    ...crowded(files),
    ...summary.violations.map(told),
  ];
  return { modules, problems };
}

function sourcesIn(root, folder) {
  return readdirSync(`${root}/${folder}`, { recursive: true })
    .map((file) => `${folder}/${file.replaceAll("\\", "/")}`)
    .filter((file) => file.endsWith(".ts"))
    .sort();
}

function crowded(files) {
  const folders = new Set(files.map((file) => dirname(file)));
  return [...folders]
    .map((folder) => [folder, files.filter((file) => dirname(file) === folder).length])
    .filter(([, count]) => count > MAX_FILES)
    .map(([folder, count]) => `${folder} has ${count} files; ${MAX_FILES} is the limit`);
}

function told({ rule: { name }, from, to, cycle }) {
  return `${name}: ${cycle ? [from, ...cycle.map((one) => one.name)].join(" -> ") : `${from} -> ${to}`}`;
}
