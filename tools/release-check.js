import { readFileSync } from "node:fs";

/** Checks before publishing that the tag matches the version in package.json, and that the changelog describes it. */
const [tag] = process.argv.slice(2);
const { version } = JSON.parse(readFileSync("package.json", "utf8"));
const lock = JSON.parse(readFileSync("package-lock.json", "utf8"));
const changelog = readFileSync("CHANGELOG.md", "utf8");

const problems = [];
if (tag && tag !== `v${version}`) problems.push(`the tag is ${tag}, but package.json has ${version}`);
if (lock.version !== version) problems.push(`package-lock.json has ${lock.version}, but package.json has ${version}`);
const section = sectionOf(version);
if (section === undefined) problems.push(`CHANGELOG.md has no section "## ${version} - YYYY-MM-DD"`);
else if (!/^- /m.test(section)) problems.push(`CHANGELOG.md has no entries for ${version}`);
if (/^- /m.test(sectionOf("Unreleased") ?? "")) problems.push('CHANGELOG.md still has entries under "Unreleased"');

for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;

/**
 * Returns the section of a version, whose heading contains the release date, or undefined if there is no such section.
 */
function sectionOf(name) {
  const [, ...sections] = changelog.split(/^## /m);
  return sections.find((section) => {
    const [heading] = section.split("\n", 1);
    return name === "Unreleased"
      ? heading === name
      : heading.replace(/ - \d{4}-\d\d-\d\d$/, " - date") === `${name} - date`;
  });
}
