import type { Request, Response } from "express";
import {
  type AnonymousUser,
  confirmLogin,
  flash,
  loginUrl,
  loginUser,
  logoutUser,
  pendingUser,
  safeNext,
} from "latchkey";
import { CurrentUser, Public } from "latchkey/routing-controllers";
import { Controller, Get, Post, Render, Req, Res } from "routing-controllers";
import { HOME, redirect, refill } from "./answers.js";
import { field, isChecked } from "./form.js";
import { trustSecret } from "./second-factor/owner.js";
import { trustedSince } from "./second-factor/trusted-browser.js";
import type { Site } from "./site.js";
import type { User } from "./user.js";

/**
 * Sign-up, login, confirmation and logout. A rejected form is shown again with its errors. An accepted form redirects.
 *
 * Every change is a POST request, so `sameOriginRequired()` refuses it if another site sends it.
 */
@Controller()
export class AccountPages {
  constructor(readonly site: Site) {}

  @Public()
  @Get("/signup")
  @Render("signup")
  showSignUp(@Req() req: Request) {
    return { next: safeNext(req, HOME) };
  }

  @Public()
  @Post("/signup")
  @Render("signup")
  async signUp(@Req() req: Request, @Res() res: Response) {
    const email = field(req, "email");
    const next = safeNext(req, HOME);
    try {
      const user = await this.site.accounts.signUp(email, field(req, "password"));
      await loginUser(req, user, { methods: ["pwd"] });
    } catch (error) {
      return refill(res, error, { email, next });
    }
    flash(req, "Your account is ready.", "success");
    return redirect(res, next);
  }

  @Public()
  @Get("/login")
  @Render("login")
  showLogIn(@Req() req: Request, @Res() res: Response, @CurrentUser() user: User | AnonymousUser) {
    const next = safeNext(req, HOME);
    return user.isAuthenticated ? redirect(res, next) : { next };
  }

  @Public()
  @Post("/login")
  @Render("login")
  async logIn(@Req() req: Request, @Res() res: Response) {
    const { accounts, log } = this.site;
    const email = field(req, "email");
    const remember = isChecked(req, "remember");
    const next = safeNext(req, HOME);
    const user = await accounts.authenticate(email, field(req, "password"));
    if (user && (await loginUser(req, user, { methods: this.#methods(req, user), remember }))) {
      if (await pendingUser(req)) return redirect(res, loginUrl("/second-factor", next));
      flash(req, `You are logged in as ${user.title}.`, "success");
      return redirect(res, next);
    }
    log.event("failed login", { email, address: req.ip });
    // An unknown e-mail and a wrong password show the same message. Only a visitor with the right password learns that
    // the account is switched off.
    const failure = user ? "This account is switched off." : "The e-mail or the password is wrong.";
    res.status(422);
    return { email, remember, next, failure };
  }

  @Public()
  @Post("/logout")
  async logOut(@Req() req: Request, @Res() res: Response) {
    await logoutUser(req);
    flash(req, "You are logged out.", "success");
    return redirect(res, "/");
  }

  @Get("/confirm")
  @Render("confirm")
  showConfirm(@Req() req: Request) {
    return { next: safeNext(req, HOME) };
  }

  @Post("/confirm")
  @Render("confirm")
  async confirm(@Req() req: Request, @Res() res: Response, @CurrentUser() user: User) {
    const { accounts, log } = this.site;
    const next = safeNext(req, HOME);
    if (await accounts.isPasswordOf(user, field(req, "password"))) {
      await confirmLogin(req, { methods: ["pwd"] });
      return redirect(res, next);
    }
    log.event("failed login", { email: user.email, address: req.ip });
    res.status(422);
    return { next, problems: { password: "That is not your password." } };
  }

  /** In a trusted browser, the second factor was shown when the user trusted it. Only the password was shown now. */
  #methods(req: Request, user: User): string[] | Record<string, number> {
    const since = trustedSince(req, user.getId(), trustSecret(this.site, user));
    return since === null ? ["pwd"] : { pwd: Date.now(), mfa: since };
  }
}
