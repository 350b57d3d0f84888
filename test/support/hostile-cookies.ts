import fc from "fast-check";

/** Characters that separate the parts of cookies, or that parsers and browsers have read differently. */
const SIGNS = [...".;,=:\"'%+/- \t\\\u00a0\u00e9\u0080"];
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/** Characters that a header must not contain. Node rejects a request with such characters. */
const UNSENDABLE = /[^\t\x20-\x7e\x80-\xff]/g;
/** Names of other cookies. Some are also names of properties that every object has. */
const OTHER_NAMES = ["__proto__", "constructor", "toString", "hasOwnProperty", "$Version", "theme", ""];
/** The maximum length of a header. Node sends 431 if all headers reach 16 KiB. */
const LONGEST = 15_000;

const latin1 = (bytes: Uint8Array) => Buffer.from(bytes).toString("latin1");
const junk = fc.oneof(
  fc.string({ unit: fc.constantFrom(...SIGNS, ...LETTERS), maxLength: 80 }),
  fc.string({ unit: fc.constantFrom(...SIGNS, "A"), minLength: 100, maxLength: 8000 }),
);

/** Variations of a valid value, and sometimes the value itself. */
function madeOf(good: string): fc.Arbitrary<string> {
  const bytes = Buffer.from(good);
  const at = fc.nat(good.length - 1);
  const replaced = (index: number, text: string) => good.slice(0, index) + text + good.slice(index + 1);
  return fc.oneof(
    fc.constant(good),
    fc
      .nat(bytes.length * 8 - 1)
      .map((bit) => latin1(bytes.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte)))),
    fc.tuple(at, fc.nat(255)).map(([index, byte]) => replaced(index, String.fromCharCode(byte))),
    fc.tuple(at, fc.constantFrom(...LETTERS)).map(([index, letter]) => replaced(index, letter)),
    at.map((index) => replaced(index, `%${good.charCodeAt(index).toString(16).padStart(2, "0")}`)),
    at.map((index) => replaced(index, "")),
    at.map((length) => good.slice(0, length)),
    // The last character of a base64url text has unused bits.
    fc.constantFrom(...LETTERS).map((letter) => good.slice(0, -1) + letter),
    fc.shuffledSubarray(good.split(".")).map((parts) => parts.join(".")),
    fc
      .array(fc.constantFrom(...good.split("."), "", "v0", "v2", "V1"), { maxLength: 10 })
      .map((parts) => parts.join(".")),
    fc.tuple(junk, junk).map(([before, after]) => before + good + after),
    fc.constantFrom(`"${good}"`, `${good}=`, `s:${good}`, encodeURIComponent(good), decodeURIComponent(good)),
    fc.constantFrom(
      `j:${JSON.stringify({ value: good })}`,
      `j:${JSON.stringify([good])}`,
      good.replaceAll("-", "+").replaceAll("_", "/"),
    ),
  );
}

/** The given names, names that look like them, and other names. */
function likeNames(names: readonly string[]): fc.Arbitrary<string> {
  const disguises = (name: string) => [
    name.toUpperCase(),
    ` ${name}`,
    `${name}\t`,
    `\u00a0${name}`,
    `=${name}`,
    `"${name}"`,
    `__Host-${name}`,
  ];
  return fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...names) },
    { weight: 2, arbitrary: fc.constantFrom(...names.flatMap(disguises)) },
    { weight: 2, arbitrary: fc.constantFrom(...OTHER_NAMES) },
  );
}

/** `Cookie` headers with these or similar names, and with valid, almost valid or random values. */
export function hostileCookies(
  names: readonly string[],
  good: readonly string[],
  bad: readonly string[],
): fc.Arbitrary<string> {
  const value = fc.oneof(
    ...good.map(madeOf),
    fc.constantFrom(...good),
    fc.constantFrom(...bad, "", '{"$gt":""}', 'j:{"$gt":""}', "j:[1]"),
    junk,
  );
  const right = good.flatMap((text) => names.map((name) => `${name}=${text}`));
  const pair = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...right) },
    { weight: 6, arbitrary: fc.tuple(likeNames(names), value).map(([name, text]) => `${name}=${text}`) },
    { weight: 1, arbitrary: fc.constantFrom(...names, "", " ", "=") },
  );
  const separator = fc.constantFrom("; ", "; ", ";", "; ; ", " ;\t", ", ");
  const few = fc.array(fc.tuple(pair, separator), { minLength: 1, maxLength: 4 });
  const header = fc.oneof(
    { weight: 20, arbitrary: few },
    { weight: 1, arbitrary: fc.array(fc.tuple(pair, separator), { minLength: 50, maxLength: 200 }) },
  );
  return header.map((pairs) => pairs.flat().slice(0, -1).join("").replace(UNSENDABLE, "").slice(0, LONGEST));
}

/** The values of a cookie in a header that has the format of RFC 6265. */
export function valuesOf(header: string, name: string): string[] {
  const pairs = header.split(";").map((pair) => /^[ \t]*([^=]+?)[ \t]*=[ \t]*(.*?)[ \t]*$/s.exec(pair));
  return pairs.flatMap((match) => (match?.[1] === name ? [match[2]!] : []));
}
