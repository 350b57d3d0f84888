import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";

const FOLDER = ".github/workflows";
const workflows = readdirSync(FOLDER).map((file) => ({ file, text: readFileSync(join(FOLDER, file), "utf8") }));
const { scripts, version } = JSON.parse(readFileSync("package.json", "utf8"));

/** Returns the first group of each match in the workflows, with the name of the file. */
function all(pattern: RegExp): Array<[file: string, found: string]> {
  return workflows.flatMap(({ file, text }) =>
    [...text.matchAll(pattern)].map(([, found]): [string, string] => [file, found!]),
  );
}

describe("the workflows", () => {
  it("pin each action to a commit, and name its version", () => {
    const used = all(/\buses: *(.*)$/gm);
    expect(used).to.have.length.above(5);
    expect(used.filter(([, action]) => !/^[\w.-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(action))).to.eql([]);
  });

  it("use the same commit of an action everywhere", () => {
    const commits = new Map<string, string>();
    for (const [, action] of all(/\buses: *(.*)$/gm)) {
      const [, name, commit] = /^(\S+)@(\S+)/.exec(action)!;
      expect(commits.get(name!) ?? commit, name).to.equal(commit);
      commits.set(name!, commit!);
    }
  });

  it("run only scripts that exist", () => {
    const run = all(/npm run (?:--?\S+ )*([\w:-]+)/g);
    expect(run.map(([, script]) => script)).to.include.members([
      "test:matrix",
      "test:drivers",
      "test:first-steps",
      "test:nestjs",
      "test:orms",
      "test:sql-drivers",
      "sbom",
    ]);
    expect(run.filter(([, script]) => !(script in scripts))).to.eql([]);
    const files = all(/(\.ci\/\w+)$/gm).map(([, file]) => file);
    expect(files).to.include(".ci/run");
    for (const file of files) expect(readFileSync(file, "utf8")).to.match(/^#!/);
  });

  it("run the first tier on Linux, macOS and Windows, with each supported Node", () => {
    const ci = workflows.find(({ file }) => file === "ci.yml")!.text;
    expect(ci).to.match(/os: \[ubuntu-\S+ macos-\S+ windows-\S+\]\n +node: \[22, 24, 26\]/);
  });

  it("have no write permission, except to publish a release and to upload findings", () => {
    for (const { file, text } of workflows) {
      expect(text, file).to.include("\npermissions:\n  contents: read\n");
      expect(text, file).not.to.match(/pull_request_target|secrets\./);
    }
    expect(all(/^ +([\w-]+): write\b/gm)).to.have.deep.members([
      ["release.yml", "id-token"],
      ["security.yml", "security-events"],
      ["security.yml", "security-events"],
    ]);
    expect(all(/(npm publish.*)$/gm)).to.eql([["release.yml", "npm publish --provenance --access public"]]);
  });
});

describe("npm run release:check", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "latchkey-release-"));
    for (const file of ["package.json", "package-lock.json"]) cpSync(file, join(folder, file));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const check = async (changelog: string, ...args: string[]) => {
    writeFileSync(join(folder, "CHANGELOG.md"), changelog);
    const script = resolve("tools/release-check.js");
    return promisify(execFile)(process.execPath, [script, ...args], { cwd: folder }).then(
      () => "",
      ({ stderr }) => stderr,
    );
  };
  const released = `# Changelog\n\n## Unreleased\n\n## ${version} - 2026-01-31\n\n- A first version.\n\n## 0.0.9 - 2025-01-31\n`;

  it("accepts a version that the changelog describes", async () => {
    expect(await check(released, `v${version}`)).to.equal("");
  });

  it("rejects a tag of another version", async () => {
    expect(await check(released, "v9.9.9")).to.include("the tag is v9.9.9");
  });

  it("rejects a version without a section, a date or an entry", async () => {
    const none = `CHANGELOG.md has no section "## ${version}`;
    expect(await check("# Changelog\n\n## 9.9.9 - 2026-01-31\n\n- Another.\n")).to.include(none);
    expect(await check(released.replace(" - 2026-01-31", ""))).to.include(none);
    expect(await check(released.replace("- A first version.\n", ""))).to.include(`has no entries for ${version}`);
  });

  it("rejects entries that are still unreleased", async () => {
    const left = released.replace("## Unreleased\n", "## Unreleased\n\n- Something new.\n");
    expect(await check(left)).to.include('still has entries under "Unreleased"');
  });
});
