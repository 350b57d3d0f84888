import express, {
  type ErrorRequestHandler,
  type Express,
  type Request,
  type RequestHandler,
  type Response,
} from "express";
import expressSession, { type SessionOptions as TheirOptions } from "express-session";
import { LoginManager, type LoginManagerOptions } from "latchkey";
import { SECRET } from "../support/people.js";
import { type RawAnswer, send } from "../support/raw-client.js";
import { serve } from "../support/server.js";
import { OurSessions, type Sessions, TheirSessions } from "./sessions.js";

/** The two middlewares. */
export type Kind = "express-session" | "latchkey";

/** Options that both middlewares accept. */
export type Options = NonNullable<LoginManagerOptions["session"]> & { secret?: string | readonly string[] };

type Answering = (req: Request, res: Response, at: SessionSite) => unknown;

export const MINUTE = 60_000;

/** An application with one of the two middlewares, and its sessions. */
export interface SessionSite {
  origin: string;
  sessions: Sessions;
  /** The errors that reached the error handler. */
  errors: Error[];
  /** Sends a request with this `Cookie` header. */
  visit(cookie?: string, line?: string, headers?: Record<string, string>): Promise<RawAnswer>;
}

/** A test that both middlewares pass. */
export function both(title: string, run: (kind: Kind) => unknown): void {
  for (const kind of ["express-session", "latchkey"] as const) {
    it(`${title}: ${kind}`, async () => {
      await run(kind);
    });
  }
}

/** The value that is expected from this middleware, if the two differ. */
export function either<T>(kind: Kind, theirs: T, ours: T): T {
  return kind === "latchkey" ? ours : theirs;
}

/**
 * The middleware with these options. The other options have the defaults of express-session's tests: every session is
 * saved, and lasts for a minute.
 */
export function middleware(kind: Kind, options: Options = {}, sessions = sessionsOf(kind)): RequestHandler {
  const { secret = SECRET, ...rest } = options;
  const settings = { name: "sid", saveUninitialized: true, cookie: { maxAge: MINUTE }, ...rest };
  if (sessions instanceof TheirSessions) {
    return expressSession({ resave: false, secret, store: sessions.store, ...settings } as TheirOptions);
  }
  return new LoginManager({ secret, session: settings, store: (sessions as OurSessions).store }).session();
}

export function sessionsOf(kind: Kind): Sessions {
  return kind === "latchkey" ? new OurSessions() : new TheirSessions();
}

/** Serves an application whose handler is `answer`. `before` mounts what runs before the middleware. */
export async function siteOf(
  kind: Kind,
  options: Options = {},
  answer: Answering = (_req, res) => res.end(),
  before: (app: Express) => void = () => {},
  sessions = sessionsOf(kind),
): Promise<SessionSite> {
  const app = express();
  app.set("env", "test");
  const errors: Error[] = [];
  const at: SessionSite = {
    origin: "",
    sessions,
    errors,
    visit: (cookie, line = "GET /", headers = {}) => send(at.origin, line, { ...(cookie ? { cookie } : {}), headers }),
  };
  before(app);
  app.use(middleware(kind, options, sessions));
  app.use(async (req, res) => {
    await answer(req, res, at);
  });
  app.use(((error: Error & { status?: number }, _req, res, _next) => {
    errors.push(error);
    if (!res.headersSent) res.status(error.status ?? 500).end(error.message);
  }) satisfies ErrorRequestHandler);
  at.origin = await serve(app);
  return at;
}

/** A cookie that a response sets. The names of the attributes are in lower case. */
export interface SetCookie {
  name: string;
  value: string;
  attributes: Record<string, string | true>;
}

/** The cookies that a response sets. */
export function setCookies({ headers }: RawAnswer): SetCookie[] {
  return (headers["set-cookie"] ?? []).map((line) => {
    const [[name, value], ...rest] = line.split("; ").map(pair) as [
      [string, string],
      ...Array<[string, string | true]>,
    ];
    return { name, value, attributes: Object.fromEntries(rest.map(([key, text]) => [key.toLowerCase(), text])) };
  });
}

/** The session cookie that a response sets. */
export function setCookie(answer: RawAnswer, name = "sid"): SetCookie | undefined {
  return setCookies(answer).find((cookie) => cookie.name === name);
}

/** The session id in the cookie that a response sets. */
export function sidOf(answer: RawAnswer, name = "sid"): string | undefined {
  const value = setCookie(answer, name)?.value;
  return value && decodeURIComponent(value).slice("s:".length).split(".")[0];
}

/** When the session cookie of a response expires. */
export function expiryOf(answer: RawAnswer): number {
  return Date.parse(String(setCookie(answer)!.attributes.expires));
}

/** Waits until pending work is done. */
export async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

function pair(text: string): [string, string | true] {
  const at = text.indexOf("=");
  return at === -1 ? [text, true] : [text.slice(0, at), text.slice(at + 1)];
}
