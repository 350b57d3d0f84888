import { readdirSync } from "node:fs";
import { expect } from "chai";
import { securityRows, testsIn, titlePattern, titlesOf } from "../support/security-page.js";

const numbers = (prefix: string, last: number) => Array.from({ length: last }, (_, n) => `${prefix}${n + 1}`);

/** The requirements that each section of the page must list. */
const REQUIRED: Record<string, readonly string[]> = {
  "ASVS 5.0, chapter 7: sessions": [
    ...["7.1.1", "7.1.2", "7.1.3", "7.2.1", "7.2.2", "7.2.3", "7.2.4", "7.3.1", "7.3.2", "7.4.1", "7.4.2", "7.4.3"],
    ...["7.4.4", "7.4.5", "7.5.1", "7.5.2", "7.5.3", "7.6.1", "7.6.2"],
  ],
  "ASVS 5.0, other chapters": [
    ...["3.3.1", "3.3.2", "3.3.3", "3.3.4", "3.3.5", "3.5.1", "4.4.2", "14.2.1", "14.3.1", "14.3.2", "15.3.6"],
    ...[
      "15.4.1",
      "15.4.2",
      "15.4.3",
      "11.2.4",
      "11.5.1",
      "6.5.1",
      "6.5.2",
      "6.3.1",
      "6.3.5",
      "6.3.8",
      "13.3.4",
      "11.2.2",
    ],
    ...["9.2.2", "9.1.1", "16.2.5"],
    ...["16.3.1", "16.3.2", "16.3.3", "16.4.1", "16.5.1", "16.5.2", "16.5.3", "1.2.4", "15.3.7", "15.3.4"],
    ...[
      "login CSRF",
      "logout CSRF",
      "refused pages",
      "messages",
      "copied cookies",
      "data across users",
      "acting as a user",
      "strict sessions",
      "path confusion",
      "deny by default",
    ],
  ],
  "NIST SP 800-63B-4": [
    ...["AAL1: 30 days", "AAL2: 24 hours, 1 hour", "AAL3: 12 hours, 15 minutes", "activity", "re-authentication"],
    ...["session secrets", "remember my browser", "logoff", "POST content"],
  ],
  "Races and faults": numbers("R-", 24),
  "Properties of cookies": numbers("P-", 12),
  Advisories: [
    ...["CVE-2022-25896", "CVE-2023-29019", "CVE-2023-29020", "CVE-2024-35220", "CVE-2024-31999", "CVE-2025-7339"],
    ...["CVE-2016-1000236", "CVE-2019-16782", "CVE-2025-46336", "CVE-2026-39324", "CVE-2023-20862", "CVE-2023-30861"],
    ...["CVE-2026-27205", "CVE-2025-47278", "CVE-2023-23934", "CVE-2015-5143", "CVE-2024-38513", "CVE-2021-32618"],
    ...["CVE-2021-23385", "CVE-2023-49438", "GHSA-w2j7-f3c6-g8cw", "GHSA-f66q-9rf6-8795", "GHSA-97r5-pg8x-p63p"],
    ...["CVE-2022-24858", "CVE-2022-29214", "CVE-2022-31093", "CVE-2022-39263", "CVE-2023-48309"],
    ...["GHSA-x732-6j76-qmhm", "CVE-2026-33804", "GHSA-xg6x-h9c9-2m83", "GHSA-cq3f-vc6p-68fh", "CVE-2026-32700"],
    ...["CVE-2026-22706", "CVE-2024-29041", "CVE-2024-43796", "CVE-2025-60542", "CVE-2022-33171"],
    ...["TypeORM findOneBy", "CVE-2026-21713"],
  ],
};

const MET_BY = ["latchkey", "the application", "both", "not applicable"];

describe("the security requirements", () => {
  const rows = securityRows();

  it("are each listed once, in the table of their section", () => {
    for (const [section, ids] of Object.entries(REQUIRED)) {
      const listed = rows.filter((row) => row.section === section).map(({ id }) => id);
      expect([...listed].sort(), section).to.eql([...ids].sort());
    }
    expect([...new Set(rows.map(({ section }) => section))]).to.eql(Object.keys(REQUIRED));
  });

  it("say what is required, who meets the requirement, and which tests show it", () => {
    for (const { id, requirement, metBy, shownBy } of rows) {
      expect([requirement, shownBy], id).not.to.include("");
      expect(MET_BY, id).to.include(metBy);
      if (metBy === "latchkey" || metBy === "both") expect(testsIn(shownBy), id).not.to.eql([]);
    }
  });

  it("name tests that exist", () => {
    const missing = rows.flatMap(({ id, shownBy }) =>
      testsIn(shownBy)
        .filter(
          ({ file, title }) =>
            !titlesOf(file).some((existing) => new RegExp(`^${titlePattern(title)}$`).test(existing)),
        )
        .map(({ file, title }) => `${id}: ${file} "${title}"`),
    );
    expect(missing).to.eql([]);
    const files = rows.flatMap(({ shownBy }) => shownBy.match(/`test\/[^`]*`/g) ?? []);
    expect(
      rows.flatMap(({ shownBy }) => testsIn(shownBy)),
      "each file with a test",
    ).to.have.lengthOf(files.length);
  });

  it("name every patch in test/mutation/rows, and at least one for each requirement that latchkey meets", () => {
    const named = new Set(rows.flatMap(({ brokenBy }) => brokenBy));
    const written = readdirSync("test/mutation/rows").map((file) => file.replace(/\.json$/, ""));
    expect([...named].sort()).to.eql(written.sort());
    const shown = rows.filter(({ metBy }) => metBy === "latchkey" || metBy === "both");
    expect(shown.filter(({ brokenBy }) => brokenBy.length === 0).map(({ id }) => id)).to.eql([]);
  });

  it("include the requirement at the start of each test title", () => {
    for (const { id, shownBy } of rows) {
      for (const { title } of testsIn(shownBy)) {
        const named = /^(?:ASVS ([\d.]+)|(R-\d+|CVE-[\d-]+)):/.exec(title)?.slice(1).find(Boolean);
        if (named)
          expect(
            rows.map((row) => row.id),
            `${id}: ${title}`,
          ).to.include(named);
      }
    }
  });
});
