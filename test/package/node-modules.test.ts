import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";

describe("the modules of Node that an application loads with latchkey", () => {
  it("do not include node:http by import, which also loads WebSocket and fetch", () => {
    const files = ["dist/src", "dist/stores"].flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: "utf8" }).map((file) => join(folder, file)),
    );
    const compiled = files.filter((file) => file.endsWith(".js"));
    expect(compiled).to.have.length.above(100);
    expect(compiled.filter((file) => /from "(node:)?https?"/.test(readFileSync(file, "utf8")))).to.eql([]);
  });
});
