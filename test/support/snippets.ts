import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";

/** A piece of TypeScript on a page. */
export interface Snippet {
  page: string;
  /** The line of the page where its code begins, from 1. */
  line: number;
  code: string;
  /** The file of a program that it is; undefined for a fragment, which takes `docs/given.d.ts` as given. */
  file: string | undefined;
}

/** The pages that are written by hand: the README's and those of the site. */
export function pages(): string[] {
  const site = readdirSync("docs", { recursive: true, encoding: "utf8" }).map((name) => join("docs", name));
  const made = /^docs\/(node_modules|reference|generated|\.vitepress)\//;
  return ["README.md", ...site.filter((name) => name.endsWith(".md") && !made.test(name)).sort()];
}

/**
 * The TypeScript of a page. A block whose first line is a comment with a file's name, `// app.ts`, is that file of the
 * page's program; so is an HTML comment that begins with `file: app.ts`, which readers do not see. Any other block is a
 * fragment.
 */
export function snippetsOf(page: string): Snippet[] {
  const text = readFileSync(page, "utf8");
  const blocks = [...text.matchAll(/^```ts\b.*\n([\s\S]*?)^```$/gm)].map(({ index, 0: block, 1: code }) => ({
    line: lineOf(text, index) + 1,
    code: code!,
    file: /^```ts\b.*\n\/\/ ([\w.-]+\.ts)\n/.exec(block)?.[1],
  }));
  const hidden = [...text.matchAll(/^<!-- file: ([\w-]+\.ts)\n([\s\S]*?)^-->$/gm)].map(
    ({ index, 1: file, 2: code }) => ({
      line: lineOf(text, index) + 1,
      code: code!,
      file,
    }),
  );
  return [...blocks, ...hidden].map((snippet) => ({ page, ...snippet }));
}

/** A page's name for a folder: `recipes-login-form`. */
export function slugOf(page: string): string {
  return page === "README.md"
    ? "readme"
    : page
        .replace(/^docs\//, "")
        .replace(/\.md$/, "")
        .replaceAll("/", "-");
}

/** The headings of a page as anchors: as GitHub makes them, and VitePress for plain headings. */
export function anchorsOf(page: string): Set<string> {
  const prose = readFileSync(page, "utf8").replace(/^```[\s\S]*?^```$/gm, "");
  const headings = [...prose.matchAll(/^#{1,6} (.*)$/gm)].map(([, heading]) => heading!);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, "")
        .replaceAll(" ", "-"),
    ),
  );
}

/** The links of a page to other files, without those of its code. */
export function linksOf(page: string): string[] {
  const prose = readFileSync(page, "utf8")
    .replace(/^```[\s\S]*?^```$/gm, "")
    .replace(/`[^`\n]*`/g, "");
  const targets = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!);
  return targets.filter((target) => !/^(https?|mailto):/.test(target));
}

/** The name of a page's file, for a test's title. */
export function titleOf(page: string): string {
  return page === "README.md" ? page : basename(page, ".md");
}

function lineOf(text: string, index: number): number {
  return text.slice(0, index).split("\n").length;
}
