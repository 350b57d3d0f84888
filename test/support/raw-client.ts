import { Agent, type IncomingHttpHeaders, request } from "node:http";

/** A response and its body. */
export interface RawAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  /** The cookies that the response sets, as a `Cookie` header. Removed cookies are left out. */
  cookie: string;
  text: string;
}

/** The cookies, headers and JSON body of a request. */
interface RawSending {
  cookie?: string;
  headers?: Record<string, string>;
  json?: unknown;
  /** Resolves as soon as the headers arrive, without the body. */
  atHeaders?: boolean;
}

const agent = new Agent({ keepAlive: true, maxSockets: 64 });

/**
 * Sends one request with exactly this `Cookie` header. It stores no cookies, so tests can send many requests quickly.
 */
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

/** The pair with this name in a `Cookie` header. */
export function only(name: string, cookie: string): string {
  return cookie.split("; ").find((one) => one.startsWith(`${name}=`))!;
}

/** The session id in a session cookie. */
export function sidIn(cookie: string): string {
  return decodeURIComponent(cookie).replace(/^sid=s:|\..*$/g, "");
}

/** Runs `times` trials, at most `atOnce` at the same time, and counts the trials that return true. */
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
