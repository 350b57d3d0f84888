import type { Request, Response } from "express";
import { flash } from "latchkey";
import { CurrentUser, Fresh } from "latchkey/routing-controllers";
import { Controller, Get, Param, Post, Render, Req, Res } from "routing-controllers";
import { redirect, refill } from "./answers.js";
import { takeDraft } from "./draft.js";
import { field } from "./form.js";
import type { Site } from "./site.js";
import type { User } from "./user.js";

/** Personal access tokens for the API. A token gives access without a password, so `@Fresh` protects every action. */
@Fresh({ within: "10m", methods: "required" })
@Controller("/tokens")
export class TokenPages {
  constructor(readonly site: Site) {}

  @Get()
  @Render("tokens")
  async list(@Req() req: Request, @CurrentUser() user: User) {
    return { ...(await this.#view(req, user)), name: takeDraft(req).name };
  }

  /** Responds with the page instead of a redirect, because the token is not stored and cannot be shown later. */
  @Post()
  @Render("tokens")
  async create(@Req() req: Request, @Res() res: Response, @CurrentUser() user: User) {
    const { tokens, log } = this.site;
    const name = field(req, "name");
    try {
      const created = await tokens.create(user, name);
      log.event("token created", { userId: user.getId(), name, address: req.ip });
      return { ...(await this.#view(req, user)), created };
    } catch (error) {
      return refill(res, error, { ...(await this.#view(req, user)), name });
    }
  }

  @Post("/:id/revoke")
  async revoke(@Req() req: Request, @Res() res: Response, @CurrentUser() user: User, @Param("id") id: string) {
    const revoked = await this.site.tokens.revoke(user, id);
    if (revoked) flash(req, "The token is removed. Programs can no longer use it.", "success");
    else flash(req, "That token was already removed.", "info");
    return redirect(res, "/tokens");
  }

  async #view(req: Request, user: User) {
    return { tokens: await this.site.tokens.list(user), origin: `${req.protocol}://${req.host}` };
  }
}
