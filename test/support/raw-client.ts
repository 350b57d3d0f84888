import { Agent, type IncomingHttpHeaders, request } from "node:http";

/** An answer, with its body read. */
export interface RawAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  /** The cookies that are set to a value, as a `Cookie` header. */
  cookie: string;
  text: string;
}

/** How a request is sent. */
interface RawSending {
  cookie?: string;
  headers?: Record<string, string>;
  json?: unknown;
  /** Resolve when the headers are there, without the body. */
  atHeaders?: boolean;
}

const agent = new Agent({ keepAlive: true, maxSockets: 64 });

/** One request without a browser, for tests of many: it sends this very `Cookie` header and keeps nothing. */
export function send(
  origin: string,
  line: string,
  { cookie, headers = {}, json, atHeaders = false }: RawSending = {},
): Promise<RawAnswer> {
  const [method, path] = line.split(" ") as [string, string];
  const body = json === undefined ? undefined : JSON.stringify(json);
  return new Promise((resolve, reject) => {
    const sent = request(origin + path, {
      agent,
      method,
      headers: {
        accept: "application/json",
        ...(cookie ? { cookie } : {}),
        ...(body ? { "content-type": "application/json", "content-length": Buffer.byteLength(body) } : {}),
        ...headers,
      },
    });
    sent.on("error", reject);
    sent.on("response", (response) => {
      let text = "";
      const resolveNow = () => {
        const set = (response.headers["set-cookie"] ?? []).filter((one) => !one.includes("Expires=Thu, 01 Jan 1970"));
        const pairs = set.map((one) => one.slice(0, one.indexOf(";")));
        resolve({ status: response.statusCode!, headers: response.headers, cookie: pairs.join("; "), text });
      };
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("error", reject);
      response.on("end", resolveNow);
      if (atHeaders) resolveNow();
    });
    sent.end(body);
  });
}

/** One of the cookies in a `Cookie` header. */
export function only(name: string, cookie: string): string {
  return cookie.split("; ").find((one) => one.startsWith(`${name}=`))!;
}

/** The session id in the session's cookie. */
export function sidIn(cookie: string): string {
  return decodeURIComponent(cookie).replace(/^sid=s:|\..*$/g, "");
}

/** Runs `times` trials, some at a time, and counts those that gave true. */
export async function countTrials(
  times: number,
  trial: (index: number) => Promise<boolean>,
  atOnce = 32,
): Promise<number> {
  let next = 0;
  let count = 0;
  const worker = async () => {
    while (next < times) if (await trial(next++)) count++;
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, times) }, worker));
  return count;
}
