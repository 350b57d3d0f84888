import type { Request, Response } from "express";
import { confirmLogin, flash } from "latchkey";
import { CurrentUser, Fresh } from "latchkey/routing-controllers";
import { Controller, Get, Param, Post, Render, Req, Res } from "routing-controllers";
import { redirect } from "../answers.js";
import { field } from "../form.js";
import { SHORTEST_ALONE } from "../passwords.js";
import type { Site } from "../site.js";
import type { User } from "../user.js";
import { endOtherLogins } from "./owner.js";
import { newRecoveryCodes } from "./recovery-codes.js";
import { newTotpSecret, totpPicture, totpStep } from "./totp.js";

declare module "express-session" {
  interface SessionData {
    /** The secret of an authenticator app that is being set up. */
    newTotpSecret?: string;
  }
}

/**
 * Where users set up and remove their factors. Before a change, `methods: "required"` asks for the second factor again if
 * the user has one, and otherwise for the password. Only users with a second factor have recovery codes.
 */
@Controller("/security")
export class SecurityPages {
  constructor(readonly site: Site) {}

  @Get()
  @Render("security")
  async show(@CurrentUser() user: User) {
    return { user, codes: await this.site.factors.countRecoveryCodes(user) };
  }

  @Fresh({ within: "10m", methods: "required" })
  @Get("/app")
  @Render("authenticator-app")
  showApp(@Req() req: Request, @Res() res: Response, @CurrentUser() user: User) {
    req.session.newTotpSecret ??= newTotpSecret();
    return appView(req.session.newTotpSecret, user, res);
  }

  @Fresh({ within: "10m", methods: "required" })
  @Post("/app")
  @Render("authenticator-app")
  async addApp(@Req() req: Request, @Res() res: Response, @CurrentUser() user: User) {
    const secret = req.session.newTotpSecret;
    if (secret === undefined) return redirect(res, "/security/app");
    const step = totpStep(secret, field(req, "code"));
    if (step === null) {
      res.status(422);
      return { ...appView(secret, user, res), problem: "This code is wrong. Enter the code that the app shows now." };
    }
    delete req.session.newTotpSecret;
    await confirmLogin(req, { methods: ["otp", "mfa"] }); // otherwise this login would be incomplete from now on
    await this.site.factors.saveTotp(user, secret, step);
    await this.#changed(req, user, "An authenticator app was added to your account");
    flash(req, "Your authenticator app is set up.", "success");
    return redirect(res, user.hasSecondFactor ? "/security" : "/security/recovery-codes");
  }

  @Fresh({ within: "10m", methods: "required" })
  @Post("/app/remove")
  async removeApp(@Req() req: Request, @Res() res: Response, @CurrentUser() user: User) {
    if (user.totpSecret !== null && (await this.#mayRemove(req, user))) {
      await this.site.factors.saveTotp(user, null, 0);
      await this.#changed(req, user, "The authenticator app of your account was removed");
      flash(req, "Your authenticator app is removed.", "success");
    }
    return redirect(res, "/security");
  }

  @Fresh({ within: "10m", methods: "required" })
  @Get("/passkeys")
  @Render("passkey")
  showPasskey() {
    return {};
  }

  @Fresh({ within: "10m", methods: "required" })
  @Post("/passkeys/:id/remove")
  async removePasskey(@Req() req: Request, @Res() res: Response, @CurrentUser() user: User, @Param("id") id: string) {
    if ((await this.#mayRemove(req, user)) && (await this.site.factors.removePasskey(user, id))) {
      await this.#changed(req, user, "A passkey of your account was removed");
      flash(req, "The passkey is removed.", "success");
    }
    return redirect(res, "/security");
  }

  @Fresh({ within: "10m", methods: ["mfa"] })
  @Get("/recovery-codes")
  @Render("recovery-codes")
  async showRecoveryCodes(@CurrentUser() user: User) {
    return { count: await this.site.factors.countRecoveryCodes(user) };
  }

  @Fresh({ within: "10m", methods: ["mfa"] })
  @Post("/recovery-codes")
  @Render("recovery-codes")
  async makeRecoveryCodes(@Res() res: Response, @CurrentUser() user: User) {
    const codes = newRecoveryCodes();
    await this.site.factors.saveRecoveryCodes(user, codes);
    res.set("Cache-Control", "no-store");
    return { codes, count: codes.length };
  }

  /** A short password may not become the only factor, even if two factors are removed at the same time. */
  async #mayRemove(req: Request, user: User): Promise<boolean> {
    const isEnough = user.factors > 1 || user.passwordStandsAlone;
    if (isEnough && (await this.site.factors.beginChange(user))) return true;
    const problem = isEnough
      ? "Your account was changed at the same time. Please try again."
      : `First change your password to one of at least ${SHORTEST_ALONE} characters.`;
    flash(req, problem, "error");
    return false;
  }

  async #changed(req: Request, user: User, subject: string): Promise<void> {
    await this.site.factors.removeUnneededCodes(user);
    await endOtherLogins(this.site, user);
    this.site.notices.send(req, user.email, subject);
  }
}

function appView(secret: string, { email }: User, res: Response) {
  res.set("Cache-Control", "no-store");
  return { secret: secret.match(/.{1,4}/g)!.join(" "), picture: totpPicture(secret, email) };
}
