import { csrfSync } from "csrf-sync";
import express, { type RequestHandler, Router } from "express";
import type { LoginManager } from "latchkey";
import { field } from "./form.js";
import { isApi } from "./paths.js";
import type { User } from "./user.js";

/**
 * Reads the forms of the pages. Rejects forms that do not contain the token of the visitor's session.
 *
 * SameSite=Lax already keeps cookies out of POST requests from other sites. The token also stops forms from another
 * port or a sibling subdomain of our site, and forged logins, which need no cookie. This middleware runs before all
 * controllers, so it protects every form.
 */
export function forms(login: LoginManager<User>): RequestHandler {
  const { csrfSynchronisedProtection, generateToken } = csrfSync({
    size: 32,
    getTokenFromRequest: (req) => field(req, "csrf"),
    errorConfig: {
      message: "This form is out of date, for example after a login or logout in another tab. Nothing was changed.",
    },
  });
  // A person who knows the token from before the login must not know the token after it.
  login.on("loggedIn", ({ req }) => void generateToken(req, true));

  const router = Router();
  router.use((req, res, next) => {
    res.locals.csrfToken = () => generateToken(req);
    next();
  });
  router.use(express.urlencoded({ extended: false, limit: "20kb" }), csrfSynchronisedProtection);
  return (req, res, next) => (isApi(req) ? next() : router(req, res, next));
}
