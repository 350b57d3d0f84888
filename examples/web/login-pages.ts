import type { Request, Response } from "express";
import { flash, isLatchkeyError } from "latchkey";
import { CurrentUser, Fresh } from "latchkey/routing-controllers";
import { Controller, Get, Param, Post, Render, Req, Res } from "routing-controllers";
import { redirect } from "./answers.js";
import { field } from "./form.js";
import { endOtherLogins } from "./second-factor/owner.js";
import type { Site } from "./site.js";
import type { User } from "./user.js";

/**
 * The list of a user's logins. A person at an unattended browser can see it and rename them, but ending other logins
 * needs the password.
 */
@Controller("/logins")
export class LoginPages {
  constructor(readonly site: Site) {}

  @Get()
  @Render("logins")
  async list(@CurrentUser() user: User) {
    const logins = await this.site.login.sessions.list(user);
    return { logins: logins.sort((a, b) => Number(b.current) - Number(a.current) || b.lastSeenAt - a.lastSeenAt) };
  }

  @Post("/:id/name")
  @Render("logins")
  async rename(@Req() req: Request, @Res() res: Response, @CurrentUser() user: User, @Param("id") id: string) {
    const label = field(req, "label");
    try {
      // An empty name removes the label, so that the list shows the name of the browser again.
      const found = await this.site.login.sessions.rename(user, id, label.trim() || null);
      if (found) flash(req, "The name is saved.", "success");
      else flash(req, "That device is logged out.", "info");
    } catch (error) {
      if (!isLatchkeyError(error, "invalid_label")) throw error;
      res.status(422);
      const problem = "Use a name of at most 100 characters, without line breaks.";
      return { ...(await this.list(user)), typed: { id, label, problem } };
    }
    return redirect(res, "/logins");
  }

  @Fresh({ within: "10m" })
  @Post("/end-others")
  async endOthers(@Req() req: Request, @Res() res: Response, @CurrentUser() user: User) {
    await endOtherLogins(this.site, user);
    flash(req, "You are logged out everywhere else.", "success");
    return redirect(res, "/logins");
  }

  @Fresh({ within: "10m" })
  @Post("/:id/end")
  async end(@Req() req: Request, @Res() res: Response, @CurrentUser() user: User, @Param("id") id: string) {
    await this.site.factors.noteRevocation(user.id);
    // revoke ends only a login of this user. It does not find the id of another user's login.
    const ended = await this.site.login.sessions.revoke(user, id);
    if (ended) flash(req, "That device is logged out.", "success");
    else flash(req, "That device was already logged out.", "info");
    return redirect(res, "/logins");
  }
}
