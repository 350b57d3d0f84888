import { expect } from "chai";
import fc from "fast-check";
import { decodeCookie, encodeCookie, OptionError } from "latchkey";
import { SECRET } from "../support/people.js";

const OLD = "the secret before it, just as long as that";
const OTHER = "a secret that somebody else has, also long";

describe("encodeCookie and decodeCookie", () => {
  it("return any text unchanged", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 300 }), (text) => {
        expect(decodeCookie(encodeCookie(text, SECRET), SECRET)).to.equal(text);
      }),
    );
    expect(decodeCookie(encodeCookie("", SECRET), SECRET)).to.equal("");
  });

  it("use only characters that are valid in a cookie value", () => {
    expect(encodeCookie('{"a":"\u00fc;,= \n"}', SECRET)).to.match(/^[\w-]+\.[\w-]{43}$/);
  });

  it("sign with the first secret and verify with all secrets", () => {
    const before = encodeCookie("ann", OLD);
    const after = encodeCookie("ann", [SECRET, OLD]);
    expect(decodeCookie(before, [SECRET, OLD])).to.equal("ann");
    expect(decodeCookie(after, SECRET)).to.equal("ann");
    expect(decodeCookie(after, OLD)).to.equal(null);
    for (const secrets of [OTHER, [OTHER], [OTHER, `${SECRET} `]]) expect(decodeCookie(before, secrets)).to.equal(null);
  });

  it("reject a value with any bit changed, or with characters removed or added at either end", () => {
    const cookie = encodeCookie("ann:1", SECRET);
    const bytes = Buffer.from(cookie);
    let tried = 0;
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const turned = Buffer.from(bytes);
      turned[bit >> 3]! ^= 1 << (bit & 7);
      expect(decodeCookie(turned.toString("latin1"), SECRET), turned.toString("latin1")).to.equal(null);
      tried++;
    }
    expect(tried).to.equal(cookie.length * 8);
    for (let length = 0; length < cookie.length; length++) {
      expect(decodeCookie(cookie.slice(0, length), SECRET)).to.equal(null);
      expect(decodeCookie(cookie.slice(length + 1), SECRET)).to.equal(null);
    }
    for (const extra of [".", "=", "==", " ", "A", "\0", ".x", `.${cookie}`]) {
      expect(decodeCookie(cookie + extra, SECRET), extra).to.equal(null);
      expect(decodeCookie(extra + cookie, SECRET), extra).to.equal(null);
    }
  });

  it("reject any other spelling of a valid value", () => {
    const [text, signature] = encodeCookie("any text \u00fc\u00fe\u00ff>?>?", SECRET).split(".") as [string, string];
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const last = alphabet.indexOf(signature.at(-1)!);
    const sameBytes = [...alphabet].filter((_, index) => index >> 2 === last >> 2 && index !== last);
    expect(sameBytes).to.have.lengthOf(3);
    const padded = [`${text}=.${signature}`, `${text}.${signature}=`, `"${text}.${signature}"`];
    for (const spelling of [...padded, ...sameBytes.map((char) => `${text}.${signature.slice(0, -1)}${char}`)]) {
      expect(decodeCookie(spelling, SECRET), spelling).to.equal(null);
    }
    expect(text).to.match(/[-_]/);
    expect(decodeCookie(`${text.replaceAll("-", "+").replaceAll("_", "/")}.${signature}`, SECRET)).to.equal(null);
  });

  it("return null for random text", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: "binary" }), fc.base64String(), fc.stringMatching(/^[\w.-]*$/)),
        (junk) => {
          expect(decodeCookie(junk, SECRET)).to.equal(null);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it("reject a secret that is missing or weak, and do not show it in the error message", () => {
    for (const secret of ["", "hunter2", [], [SECRET, "hunter2"], undefined, null]) {
      for (const act of [() => encodeCookie("ann", secret as string), () => decodeCookie("a.b", secret as string)]) {
        expect(act)
          .to.throw(OptionError, /^secret: /)
          .with.property("message")
          .that.does.not.include("hunter2");
      }
    }
  });
});
