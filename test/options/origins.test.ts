import { expect } from "chai";
import { make, refusal } from "../support/options.js";

const EXPECTED =
  'expected "https://" or "http://", a host and an optional port, without a path, such as "https://app.example.com"';

const WRONG: Array<[unknown, string]> = [
  ...[
    ...["", "*", "null", "app.example.com", "//app.example.com", "https://", "https://*.example.com", "https://*"],
    ...[
      "https://app.example.com/",
      "https://app.example.com/a",
      "https://app.example.com?a",
      "https://app.example.com#a",
    ],
    ...[
      "https://a:b@app.example.com",
      "https://a@app.example.com",
      "https:app.example.com",
      "https:\\\\app.example.com",
    ],
    ...[
      "https://app.example.com:99999",
      "https://app.example.com:",
      " https://app.example.com",
      "https://app.example.com\n",
    ],
    ...[
      "ftp://app.example.com",
      "chrome-extension://abcdef",
      "javascript:alert(1)",
      "https://a.example,https://b.example",
    ],
    ...["https://a b", "https://[::1", "file://"],
  ].map((text): [unknown, string] => [text, JSON.stringify(text)]),
  [1, "a number"],
  [true, "a boolean"],
  [null, "null"],
  [{}, "object"],
  [/a/, "object"],
  [new URL("https://app.example.com"), "object"],
  [["https://app.example.com"], "an array"],
];

describe("the options origin and nextOrigins", () => {
  it("are kept in the form that browsers use, and cannot be changed later", () => {
    const nextOrigins = ["https://Bücher.example:443", "http://localhost:3000", "http://[0:0:0:0:0:0:0:1]:80"];
    const { options } = make({ origin: "HTTPS://App.example.com:443", nextOrigins });
    expect(options.origin).to.equal("https://app.example.com");
    const kept = ["https://xn--bcher-kva.example", "http://localhost:3000", "http://[::1]"];
    expect(options.nextOrigins).to.eql(kept);
    nextOrigins.push("https://evil.example");
    expect(options.nextOrigins).to.eql(kept).and.to.be.frozen;
    expect(make({}).options.nextOrigins).to.eql([]);
    expect(make({ origin: undefined, nextOrigins: undefined }).options).to.eql(make({}).options);
  });

  it("reject anything else, and say what was given and what is expected", () => {
    for (const [origin, given] of WRONG) {
      expect(refusal("origin", { origin }), given).to.equal(`origin: ${EXPECTED}, not ${given}`);
      const nextOrigins = ["https://a.example", origin];
      const message = refusal("nextOrigins[1]", { nextOrigins });
      expect(message, given).to.equal(`nextOrigins[1]: ${EXPECTED}, not ${given}`);
    }
    expect(refusal("nextOrigins[0]", { nextOrigins: new Array(1) })).to.include("not undefined");
  });

  it("reject a value of nextOrigins that is not an array", () => {
    for (const [nextOrigins, given] of [
      ["https://app.example.com", '"https://app.example.com"'],
      [new Set(["https://app.example.com"]), "object"],
      [null, "null"],
      [{}, "object"],
    ] as const) {
      const message = refusal("nextOrigins", { nextOrigins });
      expect(message).to.equal(`nextOrigins: expected an array of origins, not ${given}`);
    }
  });
});
