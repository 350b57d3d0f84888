import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { expect } from "chai";
import { pages } from "../support/snippets.js";

interface PageInOrder {
  text: string;
  file: string;
}

const { pagesInOrder, listOfPages, allPages, pageText } = (await import(
  pathToFileURL(resolve("docs/for-machines.js")).href
)) as {
  pagesInOrder(): PageInOrder[];
  listOfPages(): string;
  allPages(pages?: PageInOrder[]): string;
  pageText(file: string): string;
};

const byHand = pages()
  .filter((page) => page !== "README.md")
  .map((page) => page.replace(/^docs\//, ""));
const inDocs = (file: string) => `docs/${file}`;

describe("the documentation for machines", () => {
  it("contains every page of the site once", () => {
    const files = pagesInOrder().map(({ file }) => file);
    expect(files.filter((file) => !file.startsWith("reference/"))).to.have.members(byHand);
  });

  it("lists every page in llms.txt with what it is about", () => {
    const list = listOfPages();
    expect(list).to.match(/^# latchkey\n\n> \S/); // a title and a summary, as llmstxt.org asks for
    for (const { text, file } of pagesInOrder()) {
      const [, about] =
        list
          .split("\n")
          .find((line) => line.startsWith(`- [${text}](${file}): `))
          ?.split("): ") ?? [];
      expect(about, file).to.match(/^\S.{15,}$/);
    }
  });

  it("has each page with all of its code in one file, and no markup of the site", () => {
    const hand = pagesInOrder().filter(({ file }) => existsSync(inDocs(file)) && !file.startsWith("reference/"));
    const whole = allPages(hand);
    const programs = hand.flatMap(({ file }) => readFileSync(inDocs(file), "utf8").match(/^```[\s\S]*?^```$/gm) ?? []);
    expect(programs).to.have.length.above(100);
    for (const program of programs) expect(whole).to.include(program);
    const prose = whole.replace(/^```[\s\S]*?^```$/gm, "").replace(/^<!-- [\w/-]+\.md -->$/gm, "");
    expect(prose).not.to.match(/<!--|<img|<svg|<figure|<div|^aside:/m);
  });

  it("has links that lead to pages in one file", () => {
    const hand = pagesInOrder().filter(({ file }) => !file.startsWith("reference/"));
    const prose = allPages(hand)
      .replace(/^```[\s\S]*?^```$/gm, "")
      .replace(/`[^`\n]*`/g, "");
    const links = [...prose.matchAll(/\]\(([^)\s#]+)/g)].map(([, link]) => link!);
    const own = links.filter((link) => !/^(https?|mailto):/.test(link) && !link.startsWith("reference/"));
    expect(own).to.have.length.above(100);
    expect(own.filter((link) => !existsSync(inDocs(link.replace(/^\//, "public/"))))).to.eql([]);
  });

  it("describes a picture in words", () => {
    expect(pageText("concepts.md")).to.include("(Picture: The way of one guarded request: ");
  });
});
