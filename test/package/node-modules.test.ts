import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";

describe("the modules of Node that an application loads with latchkey", () => {
  it("do not include node:http by import, which also loads WebSocket and fetch", () => {
    const files = readdirSync("dist", { recursive: true, encoding: "utf8" }).map((file) => join("dist", file));
    const compiled = files.filter((file) => file.endsWith(".js"));
    expect(compiled).to.have.length.above(30);
    expect(compiled.filter((file) => /from ["'](node:)?https?["']/.test(readFileSync(file, "utf8")))).to.eql([]);
  });
});
