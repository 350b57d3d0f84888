import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { ORDER } from "./order.js";

/** What a program that writes code with latchkey must know before it reads any page. */
const FIRST = `# latchkey

> Keeps track of who is logged in, from one request to the next, for Express, routing-controllers and NestJS. It is what Flask-Login is for Flask.

- Create one \`new LoginManager({ secret, userLoader })\`, and call \`login.init(app)\` before the routes.
- Check the credentials yourself, then \`await loginUser(req, user)\`. Also \`await\` \`logoutUser(req)\` and \`confirmLogin(req)\`.
- Guard routes with \`loginRequired()\`, \`freshLoginRequired({ within })\` and \`roleRequired(role)\`. On controllers, import \`Authorized\`, \`Fresh\`, \`Public\` and \`CurrentUser\` from \`latchkey/routing-controllers\` or \`latchkey/nestjs\`.
- Add \`app.use(sameOriginRequired())\` after \`login.init(app)\`. Then forms need no CSRF tokens.
- \`currentUser(req)\` is never null. Check \`isAnonymous\`.
- Durations are milliseconds, or strings such as \`"15m"\`. User ids are strings.
- Express only: it does not run on Fastify, Koa or Hono.
`;

/** The file of each page of the site, in order: the text of its link, and its path below this folder. */
export function pagesInOrder() {
  return ORDER.flatMap(pagesOf).map(({ text, link }) => ({ text, file: fileOf(link) }));
}

function pagesOf({ items }) {
  return items.flatMap((item) => (item.items ? pagesOf(item) : item));
}

/** The page that lists all pages, in the form of llmstxt.org. */
export function listOfPages() {
  const parts = ORDER.map((part) => {
    const lines = pagesOf(part).map(
      (page) => `- [${page.text}](${fileOf(page.link)}): ${summaryOf(fileOf(page.link))}`,
    );
    return `## ${part.text}\n\n${lines.join("\n")}\n`;
  });
  const whole = "- [All pages in one file](llms-full.md): every page of this list, in this order\n";
  return `${[FIRST, ...parts].join("\n")}\n## Optional\n\n${whole}`;
}

/** All pages in one file. */
export function allPages(pagesOfSite = pagesInOrder()) {
  const pages = pagesOfSite.map(({ file }) => `<!-- ${file} -->\n\n${fromRoot(pageText(file), dirname(file))}`);
  return `${FIRST}\n${pages.join("\n")}`;
}

/** A page without what only a browser can show: pictures become their descriptions. */
export function pageText(file) {
  const body = read(file).replace(/^---\n[\s\S]*?\n---\n+/, "");
  const text = body.replace(/^<!--@include: (.*)-->$/gm, (_, included) => {
    const path = join(dirname(file), included);
    return exists(path) ? read(path) : "";
  });
  return outsideCode(text, (prose) =>
    prose
      .replace(/<figure[\s\S]*?<title[^>]*>([\s\S]*?)<\/title>[\s\S]*?<\/figure>/g, picture)
      .replace(/<img\b[^>]*class="[^"]*only-dark[^>]*>\n?/g, "")
      .replace(/<img\b[^>]*\balt="([^"]*)"[^>]*>/g, picture)
      .replace(/<!--[\s\S]*?-->\n?/g, "")
      .replace(/^<\/?div\b.*>\n+/gm, ""),
  );
}

/**
 * Writes `llms.txt`, `llms-full.md`, and each page as Markdown beside its HTML.
 *
 * @returns what is wrong: a page in the order that does not exist
 */
export function writeForMachines(site) {
  const missing = pagesInOrder().filter(({ file }) => !exists(file));
  if (missing.length > 0) return missing.map(({ file }) => `order.js: ${file} does not exist`);
  for (const { file } of pagesInOrder()) {
    mkdirSync(dirname(join(site, file)), { recursive: true });
    writeFileSync(join(site, file), pageText(file));
  }
  writeFileSync(join(site, "llms.txt"), listOfPages());
  writeFileSync(join(site, "llms-full.md"), allPages());
  return [];
}

function exists(file) {
  return existsSync(new URL(file, import.meta.url));
}

function read(file) {
  return readFileSync(new URL(file, import.meta.url), "utf8");
}

function fileOf(link) {
  return link === "/" ? "index.md" : `${link.slice(1)}.md`;
}

/** The first sentence of a page. The pages of the reference begin with a heading, and have none. */
function summaryOf(file) {
  if (file.startsWith("reference/")) return "every exported name, with its types and options";
  const paragraph = /^# .*\n+((?:.+\n)+)/m.exec(pageText(file))?.[1] ?? "";
  const plain = paragraph.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").replace(/\s+/g, " ");
  return /^.*?[.:](?= |$)/.exec(plain)?.[0].replace(/:$/, ".") ?? "";
}

function picture(_, description) {
  return `(Picture: ${description.replace(/\.$/, "")}.)`;
}

/** Makes the links of a page relative to the folder of the site. */
function fromRoot(text, folder) {
  return outsideCode(text, (prose) =>
    prose.replace(/\]\((?!https?:|mailto:|#|\/)([^)#\s]+)/g, (_, path) => `](${posix.join(folder, path)}`),
  );
}

function outsideCode(text, change) {
  return text
    .split(/(^```[\s\S]*?^```$)/m)
    .map((part, index) => (index % 2 === 0 ? change(part) : part))
    .join("");
}
