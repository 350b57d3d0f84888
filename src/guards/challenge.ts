import type { NextFunction, Request, Response } from "express";
import type { Core } from "../core.js";
import type { RequestContext } from "../current/request-context.js";
import type { LatchkeyError } from "../errors.js";
import { STATUS_CODES } from "../http/node-http.js";
import type { ChallengeHandler, View } from "../options/views.js";
import {
  FreshLoginRequiredError,
  type ImpersonatingError,
  LoginRequiredError,
  MethodRequiredError,
  type RoleRequiredError,
} from "../refusals.js";
import type { DeviceRequiredError } from "./device-required-error.js";
import { loginUrl, pageFrom, viewUrl } from "./next-url.js";

/** Why a guard refuses a request. */
export type Refusal =
  | LoginRequiredError
  | FreshLoginRequiredError
  | MethodRequiredError
  | RoleRequiredError
  | DeviceRequiredError
  | ImpersonatingError;

/** How to respond to one kind of refusal. */
interface Challenge {
  handler: ChallengeHandler | undefined;
  view?: View | undefined;
  message?: string | null;
  category?: string;
}

/**
 * Responds to a refused request. If the application has a handler for the refusal, the handler responds. Otherwise, a
 * request for a page is redirected to the view. All other requests, and requests for a page without a view, get a 401
 * or 403: with a short HTML page for a page, or with a problem document (RFC 9457).
 */
export async function respondToRefusal(context: RequestContext, refusal: Refusal, next: NextFunction): Promise<void> {
  emitRefusal(context, refusal);
  await sendAfterEvent(context, refusal, next);
}

/** Responds to a refused request whose event has been emitted. */
export async function sendAfterEvent(context: RequestContext, refusal: Refusal, next: NextFunction): Promise<void> {
  const { req, res } = context;
  const challenge = challengeFor(context, refusal);
  if (challenge.handler) {
    // `next()` and `next("route")` would let the refused request through. So `next` always gets an error here.
    const refuse = (error?: unknown) => next(error instanceof Error ? error : refusal);
    await challenge.handler(req, res, refuse as NextFunction);
    return;
  }
  const view = wantsPage(req) ? viewUrl(challenge.view, req) : undefined;
  if (view !== undefined) {
    const target = prepareRedirect(context, view, challenge);
    res.redirect(req.method === "GET" || req.method === "HEAD" ? 302 : 303, target);
    return;
  }
  if (refusal.status === 401) res.set("WWW-Authenticate", schemeFor(context));
  sendRefusal(req, res, refusal);
}

/** Sends the status of a refusal: with a short HTML page for a page, or with a problem document (RFC 9457). */
export function sendRefusal(req: Request, res: Response, refusal: LatchkeyError): void {
  const { status, message: detail } = refusal;
  const title = STATUS_CODES[status]!;
  res.vary("Accept").status(status).set("Cache-Control", "no-store");
  if (wantsPage(req)) {
    res
      .type("html")
      .send(
        `<!doctype html><html lang="en"><meta charset="utf-8"><title>${title}</title><h1>${title}</h1><p>${detail}</p></html>`,
      );
  } else {
    res.type("application/problem+json").send(JSON.stringify(problemOf(refusal)));
  }
}

/** The problem document (RFC 9457) of a refusal. */
export function problemOf(refusal: LatchkeyError): Record<string, unknown> {
  const { code, status, message: detail } = refusal;
  const more = refusal instanceof MethodRequiredError ? { methods: refusal.methods } : {};
  return { type: "about:blank", title: STATUS_CODES[status]!, status, detail, code, ...more };
}

function wantsPage(req: Request): boolean {
  return req.accepts(["json", "html"]) === "html";
}

/**
 * Returns the value of WWW-Authenticate, which a 401 needs (RFC 9110, 15.5.2). "Cookie" is not a registered scheme, so
 * browsers show no dialog. If the application has a request loader and the client sent a bearer token, the value says
 * that the token is invalid (RFC 6750, 3).
 */
function schemeFor({ core, req }: RequestContext): string {
  const sent = core.requestLoader && /^bearer(?: +(\S)|$)/i.exec(req.get("authorization") ?? "");
  if (!sent) return "Cookie";
  return sent[1] === undefined ? "Bearer" : 'Bearer error="invalid_token"';
}

/** Emits the event of a refusal. */
export function emitRefusal(context: RequestContext, refusal: Refusal): void {
  const { user } = context.pending ?? context.loaded ?? {};
  emitRefusalOf(context.core, context.req, user, refusal);
}

/** Emits the event of a refusal. @param user the user who was refused, if there is one */
export function emitRefusalOf({ events }: Core, req: Request, user: object | undefined, refusal: Refusal): void {
  if (refusal instanceof LoginRequiredError) events.emit("unauthorized", { req });
  else if (refusal instanceof FreshLoginRequiredError) events.emit("needsRefresh", { req });
  else if (refusal instanceof MethodRequiredError) {
    events.emit("methodRequired", { req, user: user!, methods: refusal.methods });
  } else events.emit("forbidden", { req, user: user! });
}

function challengeFor({ core: { options } }: RequestContext, refusal: Refusal): Challenge {
  if (refusal instanceof LoginRequiredError) {
    return {
      handler: options.onUnauthorized,
      view: options.loginView,
      message: options.loginMessage,
      category: options.loginMessageCategory,
    };
  }
  if (refusal instanceof FreshLoginRequiredError) {
    return {
      handler: options.onNeedsRefresh,
      view: options.refreshView,
      message: options.needsRefreshMessage,
      category: options.needsRefreshMessageCategory,
    };
  }
  if (refusal instanceof MethodRequiredError) {
    return {
      handler: options.onMethodRequired,
      view: options.methodView,
      message: options.methodMessage,
      category: options.methodMessageCategory,
    };
  }
  return { handler: options.onForbidden };
}

/** Flashes the message, stores the page to return to if `nextIn` is "cookie", and returns the URL of the view. */
function prepareRedirect(context: RequestContext, view: string, { message, category = "message" }: Challenge): string {
  const { core, req } = context;
  const { localize, nextIn, origin, redirectHost } = core.options;
  const page = pageFrom(view, req, core.options);
  const text = message && localize ? localize(message, req) : message;
  const kept = nextIn === "cookie" ? page : null;
  if (text || kept !== null) {
    core.flashes.of(context, "a guard").addChallenge(text ? { message: text, category } : null, kept);
  }
  // If this site's origin is unknown, a view on another origin gets no `next`: that page would need an absolute URL, and
  // the Host header cannot be trusted.
  const isUseful = view.startsWith("/") || origin !== undefined;
  return loginUrl(view, nextIn === "query" && isUseful ? page : null, redirectHost);
}
