import { constants, gunzipSync } from "node:zlib";

/** One response, read from the bytes of a connection. */
export interface Answer {
  /** `HTTP/1.1 200 OK`. */
  line: string;
  /** The headers in the received order, with the received spelling of their names. */
  headers: Array<[name: string, value: string]>;
  /** The body without chunk sizes, decompressed. */
  body: Buffer;
  trailers: string;
  /** Is the response complete, as far as the head shows? */
  isWhole: boolean;
}

export interface Answers {
  /** All responses, including informational ones such as 103. */
  answers: Answer[];
  /** Bytes that are not a response. */
  rest: string;
}

/** Reads all the responses to requests with these methods. */
export function readAnswers(bytes: Buffer, methods: readonly string[]): Answers {
  const answers: Answer[] = [];
  const waiting = [...methods];
  let rest = bytes;
  while (rest.length > 0) {
    const end = rest.indexOf("\r\n\r\n");
    const head = rest.subarray(0, end < 0 ? rest.length : end).toString("latin1");
    if (end < 0 || !/^HTTP\/1\.[01] \d{3}/.test(head) || waiting.length === 0) break;
    const [line, ...lines] = head.split("\r\n") as [string, ...string[]];
    const headers = lines.map((one) => {
      const colon = one.indexOf(":");
      return [one.slice(0, colon), one.slice(colon + 1).trim()] as [string, string];
    });
    rest = rest.subarray(end + 4);
    const status = Number(line.slice(9, 12));
    const isInformational = status < 200;
    const method = isInformational ? "" : waiting.shift()!;
    const hasBody = !isInformational && method !== "HEAD" && status !== 204 && status !== 304;
    const body = hasBody ? readBody(rest, headers) : { body: Buffer.alloc(0), used: 0, isWhole: true, trailers: "" };
    rest = rest.subarray(body.used);
    answers.push({ line, headers, trailers: body.trailers, isWhole: body.isWhole, body: decoded(body.body, headers) });
    if (!body.isWhole) break;
  }
  return { answers, rest: rest.toString("latin1") };
}

export function header(headers: Answer["headers"], name: string): string | undefined {
  return headers.find(([one]) => one.toLowerCase() === name)?.[1];
}

function readBody(bytes: Buffer, headers: Answer["headers"]) {
  if (header(headers, "transfer-encoding") === "chunked") return readChunks(bytes);
  const length = header(headers, "content-length");
  if (length === undefined) return { body: bytes, used: bytes.length, isWhole: true, trailers: "" };
  const body = bytes.subarray(0, Number(length));
  return { body, used: body.length, isWhole: body.length === Number(length), trailers: "" };
}

function readChunks(bytes: Buffer) {
  const pieces: Buffer[] = [];
  const cut = () => ({ body: Buffer.concat(pieces), used: bytes.length, isWhole: false, trailers: "" });
  for (let at = 0; ; ) {
    const lineEnd = bytes.indexOf("\r\n", at);
    if (lineEnd < 0) return cut();
    const size = Number.parseInt(bytes.subarray(at, lineEnd).toString("latin1"), 16);
    if (Number.isNaN(size)) return cut();
    at = lineEnd + 2;
    if (size > 0) {
      pieces.push(bytes.subarray(at, at + size));
      if (bytes.length < at + size + 2) return cut();
      at += size + 2;
      continue;
    }
    const end = bytes.subarray(at, at + 2).toString() === "\r\n" ? at : bytes.indexOf("\r\n\r\n", at) + 2;
    if (end < at) return cut();
    return { body: Buffer.concat(pieces), used: end + 2, isWhole: true, trailers: bytes.subarray(at, end).toString() };
  }
}

function decoded(body: Buffer, headers: Answer["headers"]): Buffer {
  if (header(headers, "content-encoding") !== "gzip" || body.length === 0) return body;
  try {
    return gunzipSync(body, { finishFlush: constants.Z_SYNC_FLUSH });
  } catch {
    return body;
  }
}
