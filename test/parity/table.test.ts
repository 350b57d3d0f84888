import { expect } from "chai";
import { expectSameTests, testTable } from "../support/test-table.js";

describe("parity: the table", () => {
  const table = testTable("parity");
  const upstream = table.rows.filter(({ name }) => name.startsWith("`test_"));

  it("names exactly the tests that exist", () => {
    expectSameTests(table);
  });

  it("has one row for each test of Flask-Login, with our test or the reason for no test", () => {
    const keys = upstream.map(({ section, name }) => `${section} ${name}`);
    expect(new Set(keys)).to.have.property("size", keys.length);
    expect(table.readme).to.contain(`0.7: ${keys.length} tests`);
    for (const { name, tests, reason } of table.rows) {
      expect(tests.length > 0 || reason !== "", name).to.equal(true);
    }
  });
});
