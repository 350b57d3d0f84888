import type { Request, Response } from "express";
import { type AnonymousUser, confirmLogin, flash, loginUser, logoutUser, safeNext } from "latchkey";
import { Authorized, CurrentUser, Fresh } from "latchkey/routing-controllers";
import { Body, Controller, Get, Post, Render, Req, Res, UseBefore } from "routing-controllers";
import { type Accounts, InvalidInput } from "./accounts.js";
import { field, form, isChecked } from "./form.js";
import type { Log } from "./log.js";
import type { User } from "./user.js";

/** Where people go who asked for no page. */
const HOME = "/dashboard";

/**
 * Signing up, in and out. A form that was refused is shown again with what is wrong; one that was taken redirects.
 *
 * Everything that changes something is a POST: the cookies are SameSite=Lax, so a browser does not send them with another
 * site's POST. That stops forged requests from other sites; an application with untrusted subdomains, or one that
 * must not have people logged in to an attacker's account, adds a CSRF library.
 */
@Controller()
export class AccountPages {
  constructor(
    readonly accounts: Accounts,
    readonly log: Log,
  ) {}

  @Get("/signup")
  @Render("signup")
  showSignUp(@Req() req: Request) {
    return { next: safeNext(req, HOME) };
  }

  @Post("/signup")
  @UseBefore(form)
  @Render("signup")
  async signUp(@Req() req: Request, @Res() res: Response, @Body() body: unknown) {
    const email = field(body, "email");
    const next = safeNext(req, HOME);
    try {
      const user = await this.accounts.signUp(email, field(body, "password"));
      await loginUser(req, user);
    } catch (error) {
      return refill(res, error, { email, next });
    }
    flash(req, "Your account is ready.", "success");
    return redirect(res, next);
  }

  @Get("/login")
  @Render("login")
  showLogIn(@Req() req: Request, @Res() res: Response, @CurrentUser() user: User | AnonymousUser) {
    const next = safeNext(req, HOME);
    return user.isAuthenticated ? redirect(res, next) : { next };
  }

  @Post("/login")
  @UseBefore(form)
  @Render("login")
  async logIn(@Req() req: Request, @Res() res: Response, @Body() body: unknown) {
    const email = field(body, "email");
    const remember = isChecked(body, "remember");
    const next = safeNext(req, HOME);
    const user = await this.accounts.authenticate(email, field(body, "password"));
    if (user && (await loginUser(req, user, { remember }))) {
      flash(req, `You are logged in as ${user.email}.`, "success");
      return redirect(res, next);
    }
    this.log.failedLogin(req, email);
    // One message for an unknown e-mail and a wrong password; only who knows the password learns that it is switched off.
    const failure = user ? "This account is switched off." : "The e-mail or the password is wrong.";
    res.status(422);
    return { email, remember, next, failure };
  }

  @Post("/logout")
  async logOut(@Req() req: Request, @Res() res: Response) {
    await logoutUser(req);
    flash(req, "You are logged out.", "success");
    return redirect(res, "/");
  }

  @Authorized()
  @Get("/confirm")
  @Render("confirm")
  showConfirm(@Req() req: Request) {
    return { next: safeNext(req, HOME) };
  }

  @Authorized()
  @Post("/confirm")
  @UseBefore(form)
  @Render("confirm")
  async confirm(@Req() req: Request, @Res() res: Response, @CurrentUser() user: User, @Body() body: unknown) {
    const next = safeNext(req, HOME);
    if (await this.accounts.isPasswordOf(user, field(body, "password"))) {
      await confirmLogin(req);
      return redirect(res, next);
    }
    this.log.failedLogin(req, user.email);
    res.status(422);
    return { next, problems: { password: "That is not your password." } };
  }

  @Fresh({ within: "10m" })
  @Get("/password")
  @Render("password")
  showPassword(): void {}

  @Fresh({ within: "10m" })
  @Post("/password")
  @UseBefore(form)
  @Render("password")
  async changePassword(@Req() req: Request, @Res() res: Response, @CurrentUser() user: User, @Body() body: unknown) {
    try {
      await this.accounts.changePassword(user, field(body, "password"));
    } catch (error) {
      return refill(res, error, {});
    }
    // The new hash is a new session stamp, which ends every login of this user, this one too: so log in once more.
    await loginUser(req, user);
    flash(req, "Your password is changed. All other browsers are logged out.", "success");
    return redirect(res, HOME);
  }
}

/** The form once more, with what was entered and what is wrong with it. */
function refill(res: Response, error: unknown, entered: object): object {
  if (!(error instanceof InvalidInput)) throw error;
  res.status(error.status);
  return { ...entered, problems: error.problems };
}

/** 303: the browser asks for the next page by GET, and a reload does not send the form again. */
function redirect(res: Response, url: string): Response {
  res.redirect(303, url);
  return res;
}
