import { readFileSync } from "node:fs";
import { expect } from "chai";
import { openStore } from "latchkey/stores";

/** Returns the rows of the table with this header. */
function rowsAfter(header: string): string[][] {
  const [, table = ""] = readFileSync("docs/choosing-a-store.md", "utf8").split(`${header}\n`);
  const [rows = ""] = table.split("\n\n");
  return rows
    .split("\n")
    .slice(1)
    .map((row) => row.split(" | ").map((cell) => cell.replace(/^\| | \|$/g, "")));
}

/** Returns the code words in a cell. */
function codeIn(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code!);
}

/** Returns the error message of openStore for a URL. */
async function toldOf(url: string): Promise<string> {
  return openStore(url).then(
    () => expect.fail("it resolved"),
    (error: Error) => error.message,
  );
}

describe("the tables of URLs in docs/choosing-a-store.md", () => {
  it("are on a page that names each scheme of openStore", async () => {
    const [, list = ""] = /one of (.*), not with/.exec(await toldOf("unknown:")) ?? [];
    const page = readFileSync("docs/choosing-a-store.md", "utf8");
    for (const scheme of list.split(", ")) expect(page, scheme).to.include(`\`${scheme}`);
  });

  it("list the parameters that openStore accepts", async () => {
    const rows = rowsAfter("| URL | parameters |");
    expect(rows).to.have.lengthOf(5);
    for (const [schemes, parameters] of rows) {
      for (const scheme of codeIn(schemes!)) {
        const told = await toldOf(`${scheme}${scheme === "sqlite:" || scheme === "memory:" ? "" : "//h/x"}?unknown=1`);
        const [, taken = ""] = / accepts (.*), not the parameter "unknown"$/.exec(told) ?? [];
        expect(codeIn(parameters!).join(", ") || "no parameters", scheme).to.equal(taken);
      }
    }
  });

  it("explain each parameter except those of pg", () => {
    const taken = new Set(rowsAfter("| URL | parameters |").flatMap(([, parameters]) => codeIn(parameters!)));
    const explained = rowsAfter("| parameter | meaning | default |").flatMap(([parameter]) => codeIn(parameter!));
    for (const parameter of explained) expect(taken).to.include(parameter);
    const others = [...taken].filter((parameter) => !explained.includes(parameter));
    expect(others).to.eql(
      "sslmode sslrootcert sslcert sslkey sslnegotiation uselibpqcompat host application_name options".split(" "),
    );
  });
});
