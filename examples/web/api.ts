import type { Request } from "express";
import { confirmLogin, loginUser, logoutUser } from "latchkey";
import { Authorized, CurrentUser, Fresh } from "latchkey/routing-controllers";
import {
  Body,
  ForbiddenError,
  Get,
  HttpCode,
  JsonController,
  OnUndefined,
  Post,
  Req,
  UnauthorizedError,
} from "routing-controllers";
import type { Accounts } from "./accounts.js";
import { field, isChecked } from "./form.js";
import type { Log } from "./log.js";
import type { User } from "./user.js";

/** The same as the pages, for programs: JSON in and out, and a problem document (RFC 9457) for what goes wrong. */
@JsonController("/api")
export class Api {
  constructor(
    readonly accounts: Accounts,
    readonly log: Log,
  ) {}

  @Post("/signup")
  @HttpCode(201)
  async signUp(@Req() req: Request, @Body() body: unknown) {
    const user = await this.accounts.signUp(field(body, "email"), field(body, "password"));
    await loginUser(req, user);
    return user;
  }

  @Post("/login")
  async logIn(@Req() req: Request, @Body() body: unknown) {
    const email = field(body, "email");
    const user = await this.accounts.authenticate(email, field(body, "password"));
    if (user && (await loginUser(req, user, { remember: isChecked(body, "remember") }))) return user;
    this.log.failedLogin(req, email);
    if (user) throw new ForbiddenError("This account is switched off.");
    throw new UnauthorizedError("The e-mail or the password is wrong.");
  }

  @Authorized()
  @Get("/me")
  me(@CurrentUser() user: User) {
    return user;
  }

  @Authorized()
  @Post("/confirm")
  @OnUndefined(204)
  async confirm(@Req() req: Request, @CurrentUser() user: User, @Body() body: unknown) {
    if (await this.accounts.isPasswordOf(user, field(body, "password"))) return confirmLogin(req);
    this.log.failedLogin(req, user.email);
    throw new ForbiddenError("That is not your password.");
  }

  @Fresh({ within: "10m" })
  @Post("/password")
  @OnUndefined(204)
  async changePassword(@Req() req: Request, @CurrentUser() user: User, @Body() body: unknown) {
    await this.accounts.changePassword(user, field(body, "password"));
    await loginUser(req, user);
  }

  @Authorized("admin")
  @Get("/users")
  users() {
    return this.accounts.list();
  }

  @Post("/logout")
  @OnUndefined(204)
  async logOut(@Req() req: Request) {
    await logoutUser(req);
  }
}
