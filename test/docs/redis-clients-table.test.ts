import { readFileSync } from "node:fs";
import { expect } from "chai";

describe("the table of Redis clients in docs/choosing-a-store.md", () => {
  it("lists the packages that test/drivers installs, with their versions", () => {
    const { packages } = JSON.parse(readFileSync("test/drivers/package-lock.json", "utf8"));
    const { devDependencies } = JSON.parse(readFileSync("test/drivers/package.json", "utf8"));
    const installed: Record<string, string[]> = {};
    for (const name of Object.keys(devDependencies).sort()) {
      const { name: real = name, version } = packages[`node_modules/${name}`];
      installed[real] = [...(installed[real] ?? []), version];
    }
    const sections = readFileSync("docs/choosing-a-store.md", "utf8").split("\n### ");
    const section = sections.find((one) => one.startsWith("Redis\n"))!;
    const rows = [...section.matchAll(/^\| \w[^|]* \| `([^`]+)` \| ([\d., ]+) \|/gm)];
    const told = Object.fromEntries(rows.map(([, name, versions]) => [name, versions!.split(", ")]));
    expect(told).to.eql(installed);
  });
});
