import type { JsonObject } from "../src/json.js";

/**
 * Texts that are in most logins and User-Agents. A store keeps a control character instead of each. JSON never contains
 * a control character itself, so JSON that is not packed can be read in the same way.
 *
 * The key of a text is the code of its character. Stores contain these characters, so never change the text of a key.
 * The keys 0, 9, 10 and 13 are left out, because databases and their dumps treat these characters in their own way.
 */
const TEXTS: Readonly<Record<number, string>> = {
  1: '{"auth":{"v":1,"userId":"',
  2: '","loginId":"',
  3: '","freshAt":',
  4: ',"remembered":false,"series":',
  5: ',"remembered":true,"series":"',
  6: 'null,"loginAt":',
  7: '","loginAt":',
  8: ',"fingerprint":"',
  11: '","stamp":null,"address":"',
  12: '","stamp":"',
  14: '","address":"',
  15: "::ffff:",
  16: '","userAgent":"',
  17: '"}}',
  18: "Mozilla/5.0 (",
  19: "Windows NT 10.0; Win64; x64",
  20: "Macintosh; Intel Mac OS X 10_15_7)",
  21: "Linux; Android 10; K)",
  22: "iPhone; CPU iPhone OS ",
  23: " like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/",
  24: " AppleWebKit/537.36 (KHTML, like Gecko) Chrome/",
  25: ".0.0.0 Safari/537.36",
  26: ".0.0.0 Mobile Safari/537.36",
  27: ") Gecko/20100101 Firefox/",
  28: " Mobile/15E148 Safari/604.1",
  29: " AppleWebKit/605.1.15 (KHTML, like Gecko) Version/",
  30: ',"v":1,"generation":',
  31: ',"duration":31536000000,"until":',
};

const CHARACTERS = /[^ -\uffff]/g;
const BY_TEXT = new Map(Object.entries(TEXTS).map(([code, text]) => [text, String.fromCharCode(Number(code))]));
/** Matches each of the texts; the longest, if several begin at the same place. */
const ANY_TEXT = new RegExp(
  [...BY_TEXT.keys()]
    .sort((one, other) => other.length - one.length)
    .map((text) => text.replace(/[^\w ]/g, "\\$&"))
    .join("|"),
  "g",
);

/** Writes the data of a record as packed JSON, which needs less than half of the bytes of the JSON of a login. */
export function pack(data: JsonObject): string {
  return JSON.stringify(data).replace(ANY_TEXT, (text) => BY_TEXT.get(text)!);
}

/**
 * Reads the data of a record from packed JSON, or from JSON.
 *
 * @throws Error if the text is neither
 */
export function unpack(text: string): JsonObject {
  return JSON.parse(text.replace(CHARACTERS, (character) => TEXTS[character.charCodeAt(0)] ?? character)) as JsonObject;
}
