import { CurrentUser, Public } from "latchkey/routing-controllers";
import { Controller, Get, Render } from "routing-controllers";
import type { Site } from "./site.js";
import type { User } from "./user.js";

/** A public page, and a page for logged-in users. */
@Controller()
export class Pages {
  constructor(readonly site: Site) {}

  @Public()
  @Get("/")
  @Render("home")
  home() {
    return {};
  }

  @Get("/dashboard")
  @Render("dashboard")
  async dashboard(@CurrentUser() user: User) {
    const logins = await this.site.login.sessions.list(user);
    return { login: logins.find(({ current }) => current) };
  }
}
