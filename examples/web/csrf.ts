import { csrfSync } from "csrf-sync";
import express, { type RequestHandler, Router } from "express";
import type { LoginManager } from "latchkey";
import { field } from "./form.js";
import { isApi } from "./paths.js";
import type { User } from "./user.js";

/**
 * Reads the forms of the pages, and refuses those that were not made by this site: each carries the token of its session.
 *
 * SameSite=Lax keeps the cookies out of other sites' POSTs already. The token also stops what shares our site (another port, a
 * sibling subdomain), and a forged login, which needs no cookie. It stands before all controllers, so no form is forgotten.
 */
export function forms(login: LoginManager<User>): RequestHandler {
  const { csrfSynchronisedProtection, generateToken } = csrfSync({
    size: 32,
    getTokenFromRequest: (req) => field(req, "csrf"),
    errorConfig: {
      message: "This form is out of date, as after a login or logout in another tab. Nothing was changed.",
    },
  });
  // Whoever knew the token of the visitor must not know that of the user.
  login.on("loggedIn", ({ req }) => void generateToken(req, true));

  const router = Router();
  router.use((req, res, next) => {
    res.locals.csrfToken = () => generateToken(req);
    next();
  });
  router.use(express.urlencoded({ extended: false, limit: "20kb" }), csrfSynchronisedProtection);
  return (req, res, next) => (isApi(req) ? next() : router(req, res, next));
}
