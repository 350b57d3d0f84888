import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";

/**
 * Looks through a built site for links that lead nowhere, to a heading too, and for what a browser would fetch from elsewhere.
 *
 * @returns what is wrong
 */
export function checkSite(site) {
  const pages = readdirSync(site, { recursive: true }).filter((name) => name.endsWith(".html"));
  const htmlOf = new Map(pages.map((page) => [page, readFileSync(join(site, page), "utf8")]));
  const idsOf = new Map([...htmlOf].map(([page, html]) => [page, new Set(valuesOf(html, "id"))]));
  const base = process.env.DOCS_BASE ?? "/";
  const problems = [];
  for (const [page, html] of htmlOf) {
    if (page === "404.html") continue;
    for (const href of new Set(valuesOf(html, "href"))) {
      if (/^(https?|mailto|data):/.test(href)) continue;
      const [path, id] = href.split("#");
      const inSite = path.startsWith(base) ? path.slice(base.length) : posix.join(dirname(page), path);
      const target = path === "" ? page : inSite === "" || inSite.endsWith("/") ? `${inSite}index.html` : inSite;
      if (!existsSync(join(site, target))) problems.push(`${page}: ${href} leads nowhere`);
      else if (id && !idsOf.get(target)?.has(decodeURIComponent(id)))
        problems.push(`${page}: ${href} names no heading of ${target}`);
    }
    for (const [tag] of html.matchAll(/<(?:script|link|img|iframe|source)\b[^>]*>/g)) {
      if (/\b(?:src|href)="(?:https?:)?\/\//.test(tag)) problems.push(`${page}: ${tag} is fetched from elsewhere`);
    }
  }
  for (const style of readdirSync(site, { recursive: true }).filter((name) => name.endsWith(".css"))) {
    if (/(?:url\(["']?|@import ["'])(?:https?:)?\/\//.test(readFileSync(join(site, style), "utf8")))
      problems.push(`${style}: something is fetched from elsewhere`);
  }
  return problems;
}

function valuesOf(html, attribute) {
  return [...html.matchAll(new RegExp(`\\s${attribute}="([^"]*)"`, "g"))].map(([, value]) =>
    value.replaceAll("&amp;", "&"),
  );
}
