import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect } from "chai";
import * as latchkey from "latchkey";
import { LatchkeyError, type LoginEventName, LoginManager, MethodRequiredError, OptionError } from "latchkey";
import { SECRET } from "../support/people.js";
import { anchorsOf, linksOf, pages, snippetsOf } from "../support/snippets.js";
import { compiledSnippets } from "../support/snippets-compiled.js";
import { inTestAll } from "../support/tier.js";

const read = (page: string) => readFileSync(page, "utf8");

/** Every event. The compiler reports an event that is missing here. */
const EVENTS: Record<LoginEventName, true> = {
  ...{ loggedIn: true, loggedOut: true, loadedFromCookie: true, loadedFromRequest: true, loginConfirmed: true },
  ...{ unauthorized: true, needsRefresh: true, forbidden: true, userAccessed: true, sessionProtected: true },
  ...{ loginEnded: true, stampRefreshed: true, loginsRevoked: true, loginRefused: true, rememberTokenStale: true },
  ...{ rememberTokenStolen: true, cookieDoubled: true, storeFailed: true, recordDamaged: true, sessionGone: true },
  ...{ storeRecovered: true, loginPending: true, methodRequired: true, crossOriginRefused: true },
  ...{ impersonationStarted: true, impersonationEnded: true },
  ...{ deviceRegistered: true, deviceRefreshed: true, deviceRefused: true },
};

inTestAll("the code of the documentation", () => {
  it("compiles", async () => {
    expect(pages().flatMap(snippetsOf)).to.have.length.above(50);
    expect(await compiledSnippets()).to.equal("");
  });
});

describe("the documentation", () => {
  it("names the language of each code block", () => {
    const languages = pages().flatMap((page) =>
      [...read(page).matchAll(/^```(.*)\n[\s\S]*?^```$/gm)].map(([, language]) => `${page}: ${language}`),
    );
    const known = /: (ts|sh|console|json|python|prisma)$/;
    expect(languages.filter((language) => !known.test(language))).to.eql([]);
  });

  it("has no broken links", () => {
    const others = ["CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "bench/README.md", "test/parity/README.md"];
    const dead = [...pages(), ...others].flatMap((page) =>
      linksOf(page)
        .filter((link) => !leads(page, link))
        .map((link) => `${page}: ${link}`),
    );
    expect(dead).to.eql([]);
  });

  it("names only files that exist", () => {
    const named = pages().flatMap((page) => [
      ...read(page).matchAll(/`((?:examples|bench|test|docs|src|stores)\/[\w./-]*)`/g),
    ]);
    expect(named).to.have.length.above(5);
    expect(named.map(([, path]) => path!).filter((path) => !existsSync(path))).to.eql([]);
  });

  it("names every option in docs/options.md", () => {
    const error = (() => {
      try {
        return new LoginManager({ secret: SECRET, none: 1 } as never);
      } catch (caught) {
        return caught;
      }
    })();
    expect(error).to.be.instanceOf(OptionError);
    const names = (error as Error).message.match(/the options are (.*)$/)?.[1]?.split(", ") ?? [];
    expect(names).to.have.length.above(20);
    for (const name of names) expect(read("docs/options.md")).to.match(new RegExp(`\`${name}[\`(.]`));
  });

  it("names every error with its code and status in docs/errors.md", () => {
    const classes = Object.values(latchkey).filter(
      (value): value is typeof LatchkeyError => typeof value === "function" && value.prototype instanceof LatchkeyError,
    );
    expect(classes).to.have.length.above(10);
    for (const ErrorClass of classes as unknown as Array<new (...args: string[]) => LatchkeyError>) {
      const error = new ErrorClass("x", "y");
      const status = error instanceof MethodRequiredError ? "401 or 403" : error.status;
      expect(read("docs/errors.md")).to.include(`| \`${ErrorClass.name}\` | \`${error.code}\` | ${status} |`);
    }
  });

  it("names every event in docs/events.md", () => {
    const rows = read("docs/events.md")
      .split("\n")
      .filter((line) => line.startsWith("| `"));
    for (const name of Object.keys(EVENTS)) {
      expect(
        rows.some((row) => row.split(" | ")[0]?.includes(`\`${name}\``)),
        name,
      ).to.equal(true);
    }
  });

  it("keeps the README short", () => {
    expect(read("README.md").split("\n").length).to.be.below(250);
  });

  it("states the measured sizes in docs/deploying.md", () => {
    const measured = read("bench/results/growth.md");
    const [, table] = /## How large it gets\n([\s\S]*?)\n## /.exec(read("docs/deploying.md"))!;
    for (const row of [
      ["Redis", "533", "used_memory_dataset"],
      ["PostgreSQL", "562", "pg_total_relation_size"],
      ["MemoryStore", "654", "| 10 |"],
      ["Redis", "0.36", "0.52"],
      ["PostgreSQL", "0.56", "0.58"],
    ] as const) {
      const source = measured.split("\n").filter((line) => row.every((text) => line.includes(text)));
      expect(source, row.join()).to.have.length(1);
      expect(table).to.include(row[1]);
    }
  });
});

/** Returns whether the target of a link exists. The build of the site checks the links to the reference. */
function leads(page: string, link: string): boolean {
  const [path, anchor] = link.split("#");
  const target = path === "" ? page : path!.startsWith("/") ? join("docs", path!) : join(dirname(page), path!);
  if (target.startsWith("docs/reference/")) return true;
  if (!existsSync(target)) return false;
  return anchor === undefined || anchorsOf(target).has(anchor);
}
