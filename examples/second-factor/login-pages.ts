import type { Request, Response } from "express";
import { confirmLogin, flash, loginUrl, loginUser, logoutUser, pendingUser, safeNext } from "latchkey";
import { Authorized, CurrentUser, Public } from "latchkey/routing-controllers";
import { Controller, Get, Post, Render, Req, Res } from "routing-controllers";
import { redirect } from "../web/answers.js";
import { field, isChecked } from "../web/form.js";
import { passwordProblem } from "../web/passwords.js";
import type { Account } from "./account.js";
import { HOME, type Site, trustSecret } from "./site.js";
import { trustedSince } from "./trusted-browser.js";

/** The password, which is the first factor: sign-up, login, confirmation and logout. */
@Public()
@Controller()
export class LoginPages {
  constructor(readonly site: Site) {}

  @Get("/")
  async home(@Req() req: Request, @Res() res: Response) {
    return redirect(res, (await this.site.login.currentUser(req)).isAnonymous ? "/login" : HOME);
  }

  @Get("/signup")
  @Render("sign-up")
  showSignUp() {
    return {};
  }

  @Post("/signup")
  @Render("sign-up")
  async signUp(@Req() req: Request, @Res() res: Response) {
    const [email, password] = [field(req, "email").trim().toLowerCase(), field(req, "password")];
    const problem = passwordProblem(password, { email, hasSecondFactor: false });
    const account = problem ? null : await this.site.accounts.signUp(email, password);
    if (account) {
      await loginUser(req, account, { methods: ["pwd"] });
      return redirect(res, HOME);
    }
    res.status(422);
    return {
      email,
      problems: { password: problem, email: problem ? "" : "An account with this e-mail already exists." },
    };
  }

  @Get("/login")
  @Render("log-in")
  showLogIn(@Req() req: Request) {
    return { next: safeNext(req, HOME) };
  }

  @Post("/login")
  @Render("log-in")
  async logIn(@Req() req: Request, @Res() res: Response) {
    const [email, next] = [field(req, "email").trim().toLowerCase(), safeNext(req, HOME)];
    const account = await this.site.accounts.authenticate(email, field(req, "password"));
    if (!account) {
      res.status(422);
      return { email, next, failure: "The e-mail or the password is wrong." };
    }
    const remember = isChecked(req, "remember");
    const since = trustedSince(req, account.getId(), trustSecret(this.site, account));
    // In a trusted browser, the second factor was shown when the user trusted it. Only the password was shown now.
    const methods = since === null ? ["pwd"] : { pwd: Date.now(), mfa: since };
    await loginUser(req, account, { methods, remember });
    return redirect(res, (await pendingUser(req)) ? loginUrl("/second-factor", next) : next);
  }

  @Post("/logout")
  async logOut(@Req() req: Request, @Res() res: Response) {
    await logoutUser(req); // also gives up a login that is not complete
    flash(req, "You are logged out.", "success");
    return redirect(res, "/login");
  }

  @Authorized()
  @Get("/confirm")
  @Render("confirm")
  showConfirm(@Req() req: Request) {
    return { next: safeNext(req, HOME) };
  }

  @Authorized()
  @Post("/confirm")
  @Render("confirm")
  async confirm(@Req() req: Request, @Res() res: Response, @CurrentUser() account: Account) {
    const next = safeNext(req, HOME);
    if (await this.site.accounts.authenticate(account.email, field(req, "password"))) {
      await confirmLogin(req, { methods: ["pwd"] });
      return redirect(res, next);
    }
    res.status(422);
    return { next, problem: "That is not your password." };
  }
}
