import { expect } from "chai";
import { expectSameTests, testTable } from "../support/test-table.js";

const BEYOND = "Beyond express-session's tests";

describe("express-session's contract: the table", () => {
  const table = testTable("express-session", ["both", "it"]);

  it("names exactly the tests that exist", () => {
    expectSameTests(table);
  });

  it("has one row for each case of express-session, and counts the rows", () => {
    const cases = table.rows.filter(({ section }) => !section.startsWith(BEYOND));
    expect(new Set(cases.map(({ section, name }) => `${section} > ${name}`))).to.have.property("size", cases.length);
    const none = cases.filter(({ tests }) => tests.length === 0);
    for (const { name, reason } of none) expect(reason, name).not.to.equal("");
    const same = cases.filter(({ tests, reason }) => tests.length > 0 && reason === "").length;
    const differ = cases.length - same - none.length;
    expect(table.readme).to.contain(
      `Of ${cases.length} cases, ${same} are the same, ${differ} differ, and ${none.length} is not applicable.`,
    );
  });
});
