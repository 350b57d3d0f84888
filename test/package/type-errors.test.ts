import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { Consumer } from "../support/consumer.js";

const TOLD = /^\s*\/\/ (TS\d+: .*)$/;

describe("the compiler", () => {
  let consumer: Consumer;
  afterEach(() => consumer.remove());

  it("reports each common mistake with the expected message", async () => {
    consumer = await Consumer.of("slips");
    const lines = (await readFile(join(consumer.dir, "slips.ts"), "utf8")).split("\n");
    const expected = lines.flatMap((line, i) => {
      const [, message] = TOLD.exec(line) ?? [];
      if (message === undefined) return [];
      const slip = i + lines.slice(i).findIndex((next) => !TOLD.test(next));
      return [`${slip + 1}: ${message}`];
    });
    expect(expected).to.have.length.above(15);
    const { output } = await consumer.tsc();
    const told = [...output.matchAll(/^slips\.ts\((\d+),\d+\): error (.*)$/gm)].map(
      ([, line, error]) => `${line}: ${error}`,
    );
    expect(told).to.eql(expected);
  });
});
