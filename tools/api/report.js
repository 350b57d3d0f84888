import { mkdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Extractor, ExtractorConfig, ExtractorLogLevel } from "@microsoft/api-extractor";

// All paths below are relative to the repository, whatever the current folder is.
process.chdir(fileURLToPath(new URL("../..", import.meta.url)));

/** If true, a report that differs from the file in `api/` is an error. Otherwise the file is updated. */
const checks = process.argv.includes("--check");
const { name: root, exports } = JSON.parse(readFileSync("package.json", "utf8"));
mkdirSync("api", { recursive: true });

for (const [subpath, { types }] of Object.entries(exports)) {
  if (types) report(subpath, types);
}

/** Writes the public declarations of an entry to a file, so that a diff shows changes of the public API. */
function report(subpath, types) {
  const name = subpath === "." ? root : subpath.slice(2).replaceAll("/", "-");
  const config = ExtractorConfig.prepare({
    configObject: {
      projectFolder: process.cwd(),
      mainEntryPointFilePath: types,
      compiler: { tsconfigFilePath: "tsconfig.json", skipLibCheck: true },
      apiReport: { enabled: true, reportFileName: name, reportFolder: "api", reportTempFolder: "build/api" },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      newlineKind: "lf",
      messages: {
        compilerMessageReporting: { default: { logLevel: ExtractorLogLevel.Warning } },
        // Our docstrings are not TSDoc and have no release tags.
        extractorMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
        tsdocMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
      },
    },
    configObjectFullPath: undefined,
    packageJsonFullPath: `${process.cwd()}/package.json`,
  });
  const { succeeded, apiReportChanged } = Extractor.invoke(config, { localBuild: !checks, messageCallback: print });
  if (!succeeded && apiReportChanged)
    console.error(`api/${name}.api.md does not match the declarations. Run npm run api.`);
  if (!succeeded) process.exitCode = 1;
}

function print(message) {
  message.handled = true;
  if (message.messageId.startsWith("console-api-report")) return; // report() prints its own message
  if (message.logLevel === ExtractorLogLevel.Error || message.logLevel === ExtractorLogLevel.Warning)
    console.error(message.formatMessageWithLocation(process.cwd()));
}
