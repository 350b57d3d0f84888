import { readFileSync } from "node:fs";

/** What keeps a tag from being published: it is not the version of package.json, or the changelog does not tell of it. */
const [tag] = process.argv.slice(2);
const { version } = JSON.parse(readFileSync("package.json", "utf8"));
const lock = JSON.parse(readFileSync("package-lock.json", "utf8"));
const changelog = readFileSync("CHANGELOG.md", "utf8");

const problems = [];
if (tag && tag !== `v${version}`) problems.push(`the tag is ${tag}, and package.json says ${version}`);
if (lock.version !== version) problems.push(`package-lock.json says ${lock.version}, and package.json ${version}`);
const section = sectionOf(version);
if (section === undefined) problems.push(`CHANGELOG.md has no section "## ${version} - YYYY-MM-DD"`);
else if (!/^- /m.test(section)) problems.push(`CHANGELOG.md says nothing of ${version}`);
if (/^- /m.test(sectionOf("Unreleased") ?? "")) problems.push('CHANGELOG.md still has entries under "Unreleased"');

for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;

/** The text under the heading of a version, which has the date of its release; undefined when there is none. */
function sectionOf(name) {
  const [, ...sections] = changelog.split(/^## /m);
  return sections.find((section) => {
    const [heading] = section.split("\n", 1);
    return name === "Unreleased"
      ? heading === name
      : heading.replace(/ - \d{4}-\d\d-\d\d$/, " - date") === `${name} - date`;
  });
}
