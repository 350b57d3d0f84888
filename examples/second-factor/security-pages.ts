import type { Request, Response } from "express";
import { confirmLogin, flash, refreshStamp } from "latchkey";
import { CurrentUser, Fresh } from "latchkey/routing-controllers";
import { Controller, Get, Param, Post, Render, Req, Res } from "routing-controllers";
import { redirect } from "../web/answers.js";
import { field } from "../web/form.js";
import { passwordProblem } from "../web/passwords.js";
import type { Account } from "./account.js";
import { newRecoveryCodes } from "./recovery-codes.js";
import { endOtherLogins, HOME, type Site } from "./site.js";
import { newTotpSecret, totpPicture, totpStep } from "./totp.js";

declare module "express-session" {
  interface SessionData {
    /** The secret of an authenticator app that is being set up. */
    newTotpSecret?: string;
  }
}

/**
 * Where users set up and remove their factors. Before a change, `methods: "required"` asks for the second factor again if
 * the account has one, and otherwise for the password. Only accounts with a second factor have recovery codes.
 */
@Controller("/security")
export class SecurityPages {
  constructor(readonly site: Site) {}

  @Get()
  @Render("security")
  async show(@CurrentUser() account: Account) {
    return { account, codes: await this.site.accounts.countRecoveryCodes(account) };
  }

  @Fresh({ within: "10m", methods: "required" })
  @Get("/app")
  @Render("authenticator-app")
  showApp(@Req() req: Request, @Res() res: Response, @CurrentUser() account: Account) {
    req.session.newTotpSecret ??= newTotpSecret();
    return appView(req.session.newTotpSecret, account, res);
  }

  @Fresh({ within: "10m", methods: "required" })
  @Post("/app")
  @Render("authenticator-app")
  async addApp(@Req() req: Request, @Res() res: Response, @CurrentUser() account: Account) {
    const secret = req.session.newTotpSecret;
    if (secret === undefined) return redirect(res, "/security/app");
    const step = totpStep(secret, field(req, "code"));
    if (step === null) {
      res.status(422);
      return {
        ...appView(secret, account, res),
        problem: "This code is wrong. Enter the code that the app shows now.",
      };
    }
    delete req.session.newTotpSecret;
    await confirmLogin(req, { methods: ["otp", "mfa"] }); // otherwise this login would be incomplete from now on
    await this.site.accounts.saveTotp(account, secret, step);
    await endOtherLogins(this.site, account);
    flash(req, "Your authenticator app is set up.", "success");
    return redirect(res, account.hasSecondFactor ? HOME : "/security/recovery-codes");
  }

  @Fresh({ within: "10m", methods: "required" })
  @Post("/app/remove")
  async removeApp(@Req() req: Request, @Res() res: Response, @CurrentUser() account: Account) {
    await this.site.accounts.saveTotp(account, null, 0);
    await this.site.accounts.removeUnneededCodes(account);
    await endOtherLogins(this.site, account);
    flash(req, "Your authenticator app is removed.", "success");
    return redirect(res, HOME);
  }

  @Fresh({ within: "10m", methods: "required" })
  @Get("/passkeys")
  @Render("passkey")
  showPasskey() {
    return {};
  }

  @Fresh({ within: "10m", methods: "required" })
  @Post("/passkeys/:id/remove")
  async removePasskey(
    @Req() req: Request,
    @Res() res: Response,
    @CurrentUser() account: Account,
    @Param("id") id: string,
  ) {
    await this.site.accounts.removePasskey(account, id);
    await this.site.accounts.removeUnneededCodes(account);
    await endOtherLogins(this.site, account);
    flash(req, "The passkey is removed.", "success");
    return redirect(res, HOME);
  }

  @Fresh({ within: "10m", methods: ["mfa"] })
  @Get("/recovery-codes")
  @Render("recovery-codes")
  async showRecoveryCodes(@CurrentUser() account: Account) {
    return { count: await this.site.accounts.countRecoveryCodes(account) };
  }

  @Fresh({ within: "10m", methods: ["mfa"] })
  @Post("/recovery-codes")
  @Render("recovery-codes")
  async makeRecoveryCodes(@Res() res: Response, @CurrentUser() account: Account) {
    const codes = newRecoveryCodes();
    await this.site.accounts.saveRecoveryCodes(account, codes);
    res.set("Cache-Control", "no-store");
    return { codes, count: codes.length };
  }

  @Fresh({ within: "10m", methods: "required" })
  @Get("/password")
  @Render("password")
  showPassword() {
    return {};
  }

  @Fresh({ within: "10m", methods: "required" })
  @Post("/password")
  @Render("password")
  async changePassword(@Req() req: Request, @Res() res: Response, @CurrentUser() account: Account) {
    const problem = passwordProblem(field(req, "password"), account);
    if (problem) {
      res.status(422);
      return { problem };
    }
    await this.site.accounts.changePassword(account, field(req, "password"));
    await refreshStamp(req); // ends all other logins, because the password is their stamp
    flash(req, "Your password is changed. All other browsers are logged out.", "success");
    return redirect(res, HOME);
  }

  @Fresh({ within: "10m" })
  @Post("/log-out-others")
  async logOutOthers(@Req() req: Request, @Res() res: Response, @CurrentUser() account: Account) {
    await endOtherLogins(this.site, account);
    flash(req, "All other browsers are logged out.", "success");
    return redirect(res, HOME);
  }
}

function appView(secret: string, { email }: Account, res: Response) {
  res.set("Cache-Control", "no-store");
  return { secret: secret.match(/.{1,4}/g)!.join(" "), picture: totpPicture(secret, email) };
}
