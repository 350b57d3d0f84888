import { expect } from "chai";
import fc from "fast-check";
import { LONGEST_PASSWORD, passwordProblem } from "../../examples/web/passwords.js";

const ANN = "ann@example.com";
const alone = (password: string) => passwordProblem(password, { email: ANN, hasSecondFactor: false });
const withFactor = (password: string) => passwordProblem(password, { email: ANN, hasSecondFactor: true });

describe("the rule for passwords of the example site, from NIST SP 800-63B-4", () => {
  it("needs 15 characters, or 8 with a second factor, and allows 128", () => {
    const letters = "kx".padEnd(15, "mqzvbt");
    expect([alone(letters.slice(1)), alone(letters)]).to.deep.equal(["Use at least 15 characters.", undefined]);
    expect([withFactor("kxmqzvb"), withFactor("kxmqzvbt")]).to.deep.equal(["Use at least 8 characters.", undefined]);
    const long = "a long one ".repeat(12);
    expect([alone(long.slice(0, LONGEST_PASSWORD)), alone(long.slice(0, LONGEST_PASSWORD + 1))]).to.deep.equal([
      undefined,
      "Use at most 128 characters.",
    ]);
  });

  it("counts characters, not bytes or UTF-16 units", () => {
    expect(alone("🐈🐕🐎🐖🐄🐑🐐🐇🐓🦆🦉🐢🐍🐙")).to.equal("Use at least 15 characters.");
    expect(alone("🐈🐕🐎🐖🐄🐑🐐🐇🐓🦆🦉🐢🐍🐙🦀")).to.equal(undefined);
  });

  it("accepts any characters, without rules for their kinds", () => {
    const characters = fc.string({ minLength: 16, maxLength: 64, unit: "grapheme-ascii" });
    fc.assert(
      fc.property(characters, (password) => {
        const mixed = `${password} and a few words`;
        expect(alone(mixed)).to.equal(undefined);
      }),
    );
  });

  it("rejects common passwords in any case and with spaces, and those that only repeat a part", () => {
    const common = ["password", "PassWord1", "12345678", "qwerty 123 456", "iloveyou2", "trustno1"];
    for (const password of common) expect(withFactor(password), password).to.match(/^Many people use/);
    const long = [
      "correct horse battery staple",
      "passwordpassword",
      "aaaaaaaaaaaaaaaaaaaa",
      "abcabcabcabcabc",
      "1".repeat(64),
    ];
    for (const password of long) expect(alone(password), password).to.match(/^Many people use/);
  });

  it("compares the whole password: a common word in a long password does no harm", () => {
    expect(alone("my password is a secret")).to.equal(undefined);
    expect(alone("seven green doors, seven green keys")).to.equal(undefined);
  });

  it("rejects the user's own e-mail", () => {
    expect(alone(ANN.toUpperCase())).to.equal("Do not use your e-mail as the password.");
  });
});
