import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";

/** Pictures of the examples that pages show, and what is to be seen on them. */
const PICTURES = {
  "log-in": "The example's login page: e-mail, password, and a box to be remembered for 30 days",
  logins: "The example's list of logins: two browsers with their addresses and times, and buttons that log them out",
  "second-factor-one-more-step":
    "The example's page after the password: a field for the code of an authenticator app, a box to be asked again only after 30 days, and a button for a passkey",
};

/** Writes the parts of pages that are made from files elsewhere; empty where those are missing. */
export function writeParts(folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  writeFileSync(`${folder}/passport-diff.md`, passportDiff());
  for (const [name, seen] of Object.entries(PICTURES)) writeFileSync(`${folder}/${name}.md`, picture(name, seen));
}

/** The change of an application from Passport to latchkey, as Git shows it. */
function passportDiff() {
  const [before, after] = ["../examples/passport-before", "../examples/passport-after"];
  if (!existsSync(before) || !existsSync(after)) return "";
  const parts = readdirSync(after).filter((name) => name !== "main.ts" && existsSync(`${before}/${name}`));
  const changes = parts.map((name) => diff(`${before}/${name}`, `${after}/${name}`, name)).filter(Boolean);
  return `## A whole application

\`examples/passport-before\` is an address book on Passport: a login form, "Remember me", flash messages, roles, a change of password.
\`examples/passport-after\` is the same on latchkey. What changes:

${changes.join("\n")}`;
}

function diff(before, after, name) {
  let text = "";
  try {
    execFileSync("git", ["diff", "--no-index", "--no-color", before, after], { encoding: "utf8" });
  } catch (error) {
    if (error.status !== 1) throw error; // Git's way to say that they differ
    text = error.stdout;
  }
  return text && `\`\`\`diff\n--- before/${name}\n+++ after/${name}\n${text.slice(text.indexOf("@@"))}\`\`\`\n`;
}

/** A picture in the colors that the reader chose. */
function picture(name, seen) {
  const files = ["light", "dark"].map((colors) => ({ colors, file: `screenshots/${name}-${colors}.png` }));
  if (!files.every(({ file }) => existsSync(`public/${file}`))) return "";
  const tags = files.map(({ colors, file }) => {
    const png = readFileSync(`public/${file}`);
    const size = `width="${png.readUInt32BE(16)}" height="${png.readUInt32BE(20)}"`;
    return `<img class="picture only-${colors}" src="/${file}" ${size} alt="${seen}">`;
  });
  return `${tags.join("\n")}\n`;
}
