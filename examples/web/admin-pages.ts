import type { Response } from "express";
import { flash } from "latchkey";
import { Authorized, CurrentUser } from "latchkey/routing-controllers";
import { Controller, Get, Param, Post, Render, Res } from "routing-controllers";
import type { Accounts } from "./accounts.js";
import type { User } from "./user.js";

/** The accounts, for admins. The guard on the class holds for every action. */
@Authorized("admin")
@Controller("/admin")
export class AdminPages {
  constructor(readonly accounts: Accounts) {}

  @Get()
  @Render("admin")
  async list() {
    return { users: await this.accounts.list() };
  }

  /** A switched off account is refused at its next request, wherever it is logged in. */
  @Post("/users/:id/off")
  async switchOff(@Res() res: Response, @Param("id") id: string, @CurrentUser() admin: User) {
    if (id === admin.getId()) flash(res.req, "You cannot switch off your own account.", "error");
    else await this.accounts.setActive(id, false);
    res.redirect(303, "/admin");
    return res;
  }

  @Post("/users/:id/on")
  async switchOn(@Res() res: Response, @Param("id") id: string) {
    await this.accounts.setActive(id, true);
    res.redirect(303, "/admin");
    return res;
  }
}
