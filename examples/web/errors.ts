import { STATUS_CODES } from "node:http";
import type { ErrorRequestHandler, RequestHandler } from "express";
import { NotFoundError } from "routing-controllers";
import { errorPage } from "./error-pages.js";
import type { Log } from "./log.js";
import { isApi } from "./paths.js";

interface HttpProblem {
  message?: string;
  /** The status in errors of Express and latchkey. */
  status?: number;
  /** The status in errors of routing-controllers and latchkey. */
  httpCode?: number;
  headers?: Record<string, string>;
  code?: string;
  problems?: object;
}

/** Sends 404 if no controller has responded. routing-controllers calls the next handler after a response, too. */
export const notFound: RequestHandler = (_req, res, next) => {
  if (!res.headersSent) next(new NotFoundError("This page does not exist."));
};

/** Sends an error as a page, or as a problem document for the API. */
export function errorAnswer(log: Log): ErrorRequestHandler {
  return (error: HttpProblem, req, res, next) => {
    const status = error.status ?? error.httpCode ?? 500;
    if (status >= 500) log.error(error);
    if (res.headersSent) return next(error);

    // The message of an unexpected error belongs in the log. The visitor must not see it.
    const detail = status < 500 && error.message ? error.message : "Something went wrong here. Please try again later.";
    res.status(status).set(error.headers ?? {});
    if (isApi(req) || req.accepts(["html", "json"]) === "json") {
      const title = STATUS_CODES[status] ?? "Error";
      const { code, problems: errors } = error;
      const problem = { type: "about:blank", title, status, detail, code, errors };
      res.type("application/problem+json").send(JSON.stringify(problem));
    } else {
      const { view, data } = errorPage(req, status, detail);
      // The layout reads the session. If that fails, send plain text instead.
      res.render(view, data, (failure, html: string) => {
        if (failure) res.type("text/plain").send(detail);
        else res.send(html);
      });
    }
  };
}
