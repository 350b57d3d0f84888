import { rmSync } from "node:fs";
import { Application, LogLevel } from "typedoc";

/** What a user imports, and the file that it is. */
const ENTRIES = {
  latchkey: "../src/index.ts",
  "latchkey/routing-controllers": "../src/routing-controllers/index.ts",
  "latchkey/nestjs": "../src/nestjs/index.ts",
  "latchkey/impersonation": "../src/impersonation/index.ts",
  "latchkey/external-logins": "../src/external-logins/index.ts",
  "latchkey/known-browsers": "../src/known-browsers/index.ts",
  "latchkey/session-imports": "../src/session-imports/index.ts",
  "latchkey/device-bound": "../src/device-bound/index.ts",
  "latchkey/testing": "../src/testing/index.ts",
  "latchkey/stores": "../stores/open.ts",
  "latchkey/stores/redis": "../stores/redis/index.ts",
  "latchkey/stores/sql": "../stores/sql/index.ts",
  "latchkey/stores/typeorm": "../stores/typeorm/index.ts",
  "latchkey/stores/express-session": "../stores/express-session/index.ts",
  "latchkey/stores/moving": "../stores/moving/index.ts",
};

/** Names for parts of a signature, which say nothing that the signature does not. */
const INNER = [
  "Given",
  "OptionalName",
  "TimeName",
  "MaybePromise",
  "GuardDecorator",
  "ControllerClass",
  "Action",
  "Confirming",
  "Refusal",
  "__global.Express.User",
];

const OPTIONS = {
  plugin: ["typedoc-plugin-markdown"],
  entryPoints: Object.values(ENTRIES),
  tsconfig: "tsconfig.json",
  readme: "none",
  disableSources: true,
  excludePrivate: true,
  excludeExternals: true,
  groupOrder: ["Functions", "Classes", "Interfaces", "Type Aliases", "*"],
  sort: ["alphabetical"],
  logLevel: LogLevel.Warn,
  requiredToBeDocumented: ["Class", "Interface", "Function", "TypeAlias", "Variable", "Enum", "Method"],
  intentionallyNotExported: INNER,
  validation: { notExported: true, invalidLink: true, notDocumented: true },

  router: "module",
  fileExtension: ".md",
  entryFileName: "index",
  // Headings alike have numbers in their anchors, which VitePress counts in another way.
  useHTMLAnchors: true,
  anchorPrefix: "api-",
  hidePageHeader: true,
  hideBreadcrumbs: true,
  hideGroupHeadings: false,
  useCodeBlocks: true,
  expandObjects: true,
  sanitizeComments: true,
  useHTMLEncodedBrackets: true,
  parametersFormat: "table",
  interfacePropertiesFormat: "table",
  classPropertiesFormat: "table",
  typeAliasPropertiesFormat: "table",
  tableColumnSettings: { hideSources: true, hideInherited: true, hideOverrides: true, hideModifiers: true },
};

/**
 * Writes a page for each entry of the package, from its docstrings.
 *
 * @returns what is wrong: an exported name without a description, a type that cannot be looked up, a link that leads nowhere
 */
export async function writeReference(folder) {
  rmSync(folder, { recursive: true, force: true });
  const app = await Application.bootstrapWithPlugins({ ...OPTIONS, outputs: [{ name: "markdown", path: folder }] });
  const project = await app.convert();
  if (!project) return ["TypeDoc could not read the sources"];
  project.name = "Reference";
  const names = Object.keys(ENTRIES);
  const files = Object.values(ENTRIES).map((file) => file.replace(/^\.\.\/|\.ts$|\/index\.ts$/g, ""));
  for (const entry of project.children) entry.name = names[files.indexOf(entry.name)] ?? entry.name;
  app.validate(project);
  const { errorCount, warningCount } = app.logger;
  if (errorCount + warningCount > 0)
    return [`the reference has ${errorCount} errors and ${warningCount} warnings, above`];
  await app.generateOutputs(project);
  return app.logger.errorCount > 0 ? ["the reference could not be written"] : [];
}
