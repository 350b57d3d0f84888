import type { Response } from "express";
import { flash } from "latchkey";
import { Authorized, CurrentUser } from "latchkey/routing-controllers";
import { Controller, Get, Param, Post, Render, Res } from "routing-controllers";
import { redirect } from "./answers.js";
import type { Site } from "./site.js";
import type { User } from "./user.js";

/** The list of accounts, for admins. The guard on the class applies to every action. */
@Authorized("admin")
@Controller("/admin")
export class AdminPages {
  constructor(readonly site: Site) {}

  @Get()
  @Render("admin")
  async list() {
    return { users: await this.site.accounts.list() };
  }

  /**
   * Guards refuse a switched-off account at its next request. Ending its logins also closes its open pages immediately.
   */
  @Post("/users/:id/off")
  async switchOff(@Res() res: Response, @Param("id") id: string, @CurrentUser() admin: User) {
    if (id === admin.getId()) {
      flash(res.req, "You cannot switch off your own account.", "error");
    } else {
      await this.site.accounts.setActive(id, false);
      await this.#endLogins(id);
      flash(res.req, "The account is switched off, and logged out everywhere.", "success");
    }
    return redirect(res, "/admin");
  }

  @Post("/users/:id/on")
  async switchOn(@Res() res: Response, @Param("id") id: string) {
    await this.site.accounts.setActive(id, true);
    flash(res.req, "The account is switched on. Its owner has to log in again.", "success");
    return redirect(res, "/admin");
  }

  /** Logs a user out everywhere, for example because somebody else may be logged in to the account. */
  @Post("/users/:id/logout")
  async logOutEverywhere(@Res() res: Response, @Param("id") id: string) {
    const ended = await this.#endLogins(id);
    flash(res.req, `Ended ${ended} ${ended === 1 ? "login" : "logins"} of the account.`, "success");
    return redirect(res, "/admin");
  }

  async #endLogins(id: string): Promise<number> {
    await this.site.factors.noteRevocation(Number(id));
    return this.site.login.sessions.revokeAll(id);
  }
}
