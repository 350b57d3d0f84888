import type { Request } from "express";
import { isFresh, isRemembered } from "latchkey";
import { Public } from "latchkey/routing-controllers";
import { Controller, Get, Render, Req } from "routing-controllers";

/** A public page, and a page for logged-in users. */
@Controller()
export class Pages {
  @Public()
  @Get("/")
  @Render("home")
  home(@Req() req: Request) {
    return { origin: `${req.protocol}://${req.host}` };
  }

  @Get("/dashboard")
  @Render("dashboard")
  async dashboard(@Req() req: Request) {
    return { isFresh: await isFresh(req, { within: "10m" }), isRemembered: await isRemembered(req) };
  }
}
