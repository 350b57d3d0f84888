import type { Request } from "express";
import {
  confirmLogin,
  LoginRequiredError,
  loginUser,
  logoutUser,
  MethodRequiredError,
  pendingUser,
  refreshStamp,
} from "latchkey";
import { Authorized, CurrentUser, Fresh, Public } from "latchkey/routing-controllers";
import {
  ForbiddenError,
  Get,
  HttpCode,
  HttpError,
  JsonController,
  OnUndefined,
  Post,
  Req,
  UnauthorizedError,
} from "routing-controllers";
import { field, isChecked } from "./form.js";
import { PROBLEMS } from "./second-factor/factor-pages.js";
import { factorOwner } from "./second-factor/owner.js";
import type { Site } from "./site.js";
import type { User } from "./user.js";

/**
 * The same functions as the pages, for programs. It reads and sends JSON, and sends errors as problem documents (RFC
 * 9457).
 *
 * A session or a personal access token identifies the user. A token is never fresh, so it cannot change a password.
 */
@JsonController("/api")
export class Api {
  constructor(readonly site: Site) {}

  @Public()
  @Post("/signup")
  @HttpCode(201)
  async signUp(@Req() req: Request) {
    const user = await this.site.accounts.signUp(field(req, "email"), field(req, "password"));
    await loginUser(req, user, { methods: ["pwd"] });
    return user;
  }

  @Public()
  @Post("/login")
  async logIn(@Req() req: Request) {
    const email = field(req, "email");
    const user = await this.site.accounts.authenticate(email, field(req, "password"));
    if (user && (await loginUser(req, user, { methods: ["pwd"], remember: isChecked(req, "remember") }))) {
      if (await pendingUser(req)) throw new MethodRequiredError(["mfa"], 401); // send a code to /api/second-factor
      return user;
    }
    this.site.log.event("failed login", { email, address: req.ip });
    if (user) throw new ForbiddenError("This account is switched off.");
    throw new UnauthorizedError("The e-mail or the password is wrong.");
  }

  /** Completes a login with the code of an authenticator app, or confirms one. */
  @Public()
  @Post("/second-factor")
  async secondFactor(@Req() req: Request) {
    const user = await factorOwner(req);
    if (!user) throw new LoginRequiredError();
    const outcome = await this.site.factors.check(user, "otp", field(req, "code"));
    if (outcome !== "right") throw new HttpError(outcome === "wrong" ? 422 : 429, PROBLEMS[outcome]);
    await confirmLogin(req, { user, methods: ["otp", "mfa"] });
    return user;
  }

  @Get("/me")
  me(@CurrentUser() user: User) {
    return user;
  }

  @Post("/confirm")
  @OnUndefined(204)
  async confirm(@Req() req: Request, @CurrentUser() user: User) {
    if (await this.site.accounts.isPasswordOf(user, field(req, "password")))
      return confirmLogin(req, { methods: ["pwd"] });
    this.site.log.event("failed login", { email: user.email, address: req.ip });
    throw new ForbiddenError("That is not your password.");
  }

  @Fresh({ within: "10m", methods: "required" })
  @Post("/password")
  @OnUndefined(204)
  async changePassword(@Req() req: Request, @CurrentUser() user: User) {
    await this.site.accounts.changePassword(user, field(req, "password"));
    await refreshStamp(req);
    this.site.notices.send(req, user.email, "The password of your account was changed");
  }

  @Authorized("admin")
  @Get("/users")
  users() {
    return this.site.accounts.list();
  }

  @Public()
  @Post("/logout")
  @OnUndefined(204)
  async logOut(@Req() req: Request) {
    await logoutUser(req);
  }
}
