import { STATUS_CODES } from "node:http";
import type { ErrorRequestHandler, RequestHandler } from "express";
import { NotFoundError } from "routing-controllers";
import type { Log } from "./log.js";
import { formPage, isApi } from "./paths.js";

interface HttpProblem {
  message?: string;
  /** Express's name for it, and latchkey's. */
  status?: number;
  /** routing-controllers' name for it, and latchkey's too. */
  httpCode?: number;
  headers?: Record<string, string>;
  code?: string;
  problems?: object;
}

/** For what no controller has answered. routing-controllers goes on to the next handler after an answer, too. */
export const notFound: RequestHandler = (_req, res, next) => {
  if (!res.headersSent) next(new NotFoundError("There is no such page."));
};

/** Answers an error with a page, or for the API with a problem document. */
export function errorAnswer(log: Log): ErrorRequestHandler {
  return (error: HttpProblem, req, res, next) => {
    const status = error.status ?? error.httpCode ?? 500;
    if (status >= 500) log.error(error);
    if (res.headersSent) return next(error);

    const title = STATUS_CODES[status] ?? "Error";
    // The message of an error that nobody foresaw is for the log, not for the visitor.
    const detail = status < 500 && error.message ? error.message : "Something went wrong here. Please try again later.";
    res.status(status).set(error.headers ?? {});
    if (isApi(req)) {
      const { code, problems: errors } = error;
      const problem = { type: "about:blank", title, status, detail, code, errors };
      res.type("application/problem+json").send(JSON.stringify(problem));
    } else {
      // The layout shows what is in the session; when that is what failed, a plain sentence has to do.
      const again = error.code === "EBADCSRFTOKEN" && req.path !== "/logout" ? formPage(req) : "/";
      res.render("error", { title, detail, again }, (failure, html: string) => {
        if (failure) res.type("text/plain").send(detail);
        else res.send(html);
      });
    }
  };
}
