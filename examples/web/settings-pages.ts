import type { Request, Response } from "express";
import { flash, refreshStamp } from "latchkey";
import { CurrentUser, Fresh } from "latchkey/routing-controllers";
import { Controller, Get, Post, Render, Req, Res } from "routing-controllers";
import { HOME, redirect, refill } from "./answers.js";
import { takeDraft } from "./draft.js";
import { field } from "./form.js";
import type { Site } from "./site.js";
import type { User } from "./user.js";

/** The account settings. `@Fresh` protects the e-mail and the password from a person at an unattended browser. */
@Controller()
export class SettingsPages {
  constructor(readonly site: Site) {}

  @Get("/profile")
  @Render("profile")
  showProfile(@CurrentUser() { name }: User) {
    return { name };
  }

  @Post("/profile")
  @Render("profile")
  async changeProfile(@Req() req: Request, @Res() res: Response, @CurrentUser() user: User) {
    const name = field(req, "name");
    try {
      await this.site.accounts.rename(user, name);
    } catch (error) {
      return refill(res, error, { name });
    }
    flash(req, `Your name is shown as ${user.title}.`, "success");
    return redirect(res, HOME);
  }

  @Fresh({ within: "10m", methods: "required" })
  @Get("/email")
  @Render("email")
  showEmail(@Req() req: Request) {
    return { email: takeDraft(req).email };
  }

  @Fresh({ within: "10m", methods: "required" })
  @Post("/email")
  @Render("email")
  async changeEmail(@Req() req: Request, @Res() res: Response, @CurrentUser() user: User) {
    const { accounts, log, notices } = this.site;
    const email = field(req, "email");
    const { email: from } = user;
    try {
      await accounts.changeEmail(user, email);
    } catch (error) {
      return refill(res, error, { email });
    }
    // A real site changes the e-mail only after the new address is confirmed.
    log.event("e-mail changed", { userId: user.getId(), from, to: email, address: req.ip });
    notices.send(req, from, "The e-mail of your account was changed");
    flash(req, "Your e-mail is changed. Use it the next time you log in.", "success");
    return redirect(res, HOME);
  }

  @Fresh({ within: "10m", methods: "required" })
  @Get("/password")
  @Render("password")
  showPassword(): void {}

  @Fresh({ within: "10m", methods: "required" })
  @Post("/password")
  @Render("password")
  async changePassword(@Req() req: Request, @Res() res: Response, @CurrentUser() user: User) {
    try {
      await this.site.accounts.changePassword(user, field(req, "password"));
    } catch (error) {
      return refill(res, error, {});
    }
    // The new hash is a new session stamp, which ends all logins of this user. refreshStamp keeps the current one.
    await refreshStamp(req);
    this.site.notices.send(req, user.email, "The password of your account was changed");
    flash(req, "Your password is changed. All other devices are logged out.", "success");
    return redirect(res, HOME);
  }
}
