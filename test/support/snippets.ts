import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";

/** A block of TypeScript on a page. */
export interface Snippet {
  page: string;
  /** The line of the page where the code starts, counted from 1. */
  line: number;
  code: string;
  /** The file name in the page's program, or undefined for a fragment. Fragments use the types in `docs/given.d.ts`. */
  file: string | undefined;
}

/** The pages that are written by hand: README.md and the pages of the documentation site. */
export function pages(): string[] {
  const site = readdirSync("docs", { recursive: true, encoding: "utf8" }).map((name) => join("docs", name));
  const made = /^docs\/(node_modules|reference|generated|\.vitepress)\//;
  return ["README.md", ...site.filter((name) => name.endsWith(".md") && !made.test(name)).sort()];
}

/**
 * The TypeScript blocks of a page. A block that starts with a file name in a comment, `// app.ts`, is that file of the
 * page's program. An HTML comment that starts with `file: app.ts` is also such a file, but readers do not see it. Any
 * other block is a fragment.
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

/** The folder name for a page, such as `recipes-login-form`. */
export function slugOf(page: string): string {
  return page === "README.md"
    ? "readme"
    : page
        .replace(/^docs\//, "")
        .replace(/\.md$/, "")
        .replaceAll("/", "-");
}

/** The anchors of a page's headings, as GitHub creates them. For plain headings VitePress creates the same ones. */
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

/** The links from a page to other files, except links in code. */
export function linksOf(page: string): string[] {
  const prose = readFileSync(page, "utf8")
    .replace(/^```[\s\S]*?^```$/gm, "")
    .replace(/`[^`\n]*`/g, "");
  const targets = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!);
  return targets.filter((target) => !/^(https?|mailto):/.test(target));
}

/** The name of a page in test titles. */
export function titleOf(page: string): string {
  return page === "README.md" ? page : basename(page, ".md");
}

function lineOf(text: string, index: number): number {
  return text.slice(0, index).split("\n").length;
}
