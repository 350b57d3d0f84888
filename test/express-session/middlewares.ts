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

/** Options that both take. */
export type Options = NonNullable<LoginManagerOptions["session"]> & { secret?: string | readonly string[] };

type Answering = (req: Request, res: Response, at: SessionSite) => unknown;

export const MINUTE = 60_000;

/** An application behind one of the two, and the sessions that it keeps. */
export interface SessionSite {
  origin: string;
  sessions: Sessions;
  /** The errors that the application was told of. */
  errors: Error[];
  /** One request, with this `Cookie` header. */
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

/** What each of the two does where they differ. */
export function either<T>(kind: Kind, theirs: T, ours: T): T {
  return kind === "latchkey" ? ours : theirs;
}

/**
 * The middleware with these options, and where those say nothing with the defaults of express-session's tests: every session is
 * saved, for a minute.
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

/** Serves an application, which answers so. `before` is what runs before the middleware. */
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

/** A cookie that an answer sets, with its attributes by their lower-case names. */
export interface SetCookie {
  name: string;
  value: string;
  attributes: Record<string, string | true>;
}

/** The cookies that an answer sets. */
export function setCookies({ headers }: RawAnswer): SetCookie[] {
  return (headers["set-cookie"] ?? []).map((line) => {
    const [[name, value], ...rest] = line.split("; ").map(pair) as [
      [string, string],
      ...Array<[string, string | true]>,
    ];
    return { name, value, attributes: Object.fromEntries(rest.map(([key, text]) => [key.toLowerCase(), text])) };
  });
}

/** The session's cookie that an answer sets. */
export function setCookie(answer: RawAnswer, name = "sid"): SetCookie | undefined {
  return setCookies(answer).find((cookie) => cookie.name === name);
}

/** The session's id in the cookie that an answer sets. */
export function sidOf(answer: RawAnswer, name = "sid"): string | undefined {
  const value = setCookie(answer, name)?.value;
  return value && decodeURIComponent(value).slice("s:".length).split(".")[0];
}

/** When the cookie expires that an answer sets. */
export function expiryOf(answer: RawAnswer): number {
  return Date.parse(String(setCookie(answer)!.attributes.expires));
}

/** Lets everything else run that can. */
export async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

function pair(text: string): [string, string | true] {
  const at = text.indexOf("=");
  return at === -1 ? [text, true] : [text.slice(0, at), text.slice(at + 1)];
}
