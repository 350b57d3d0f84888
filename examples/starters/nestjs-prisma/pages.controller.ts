import { Controller, Get, Inject, Post, Req, Res } from "@nestjs/common";
import type { Request, Response } from "express";
import { LoginManager, loginUser, logoutUser, safeNext } from "latchkey";
import { CurrentUser, Fresh, Public } from "latchkey/nestjs";
import type { User } from "./generated/client.js";
import { homePage, logInPage } from "./pages.js";
import { passwordProblem } from "./passwords.js";
import { Users } from "./users.js";

@Controller()
export class PagesController {
  constructor(
    @Inject(Users) private readonly users: Users,
    @Inject(LoginManager) private readonly login: LoginManager<User>,
  ) {}

  @Get()
  async home(@CurrentUser() user: User) {
    return homePage(user.email, await this.login.sessions.list(user));
  }

  @Public()
  @Get("login")
  showForm(@Req() req: Request) {
    return logInPage(safeNext(req));
  }

  @Public()
  @Post("login")
  async logIn(@Req() req: Request, @Res() res: Response) {
    const { email, password } = credentials(req);
    await enter(req, res, await this.users.authenticate(email, password), "The e-mail or the password is wrong.");
  }

  @Public()
  @Post("signup")
  async signUp(@Req() req: Request, @Res() res: Response) {
    const { email, password } = credentials(req);
    const problem = passwordProblem(password, email);
    if (problem) return enter(req, res, null, problem);
    await enter(req, res, await this.users.create(email, password), "An account with this e-mail already exists.");
  }

  @Fresh({ within: "10m" })
  @Post("log-out-others")
  async logOutOthers(@CurrentUser() user: User, @Res() res: Response) {
    await this.login.sessions.revokeAll(user, { exceptCurrent: true });
    res.redirect(303, "/");
  }

  @Public()
  @Post("logout")
  async logOut(@Req() req: Request, @Res() res: Response) {
    await logoutUser(req);
    res.redirect(303, "/login");
  }
}

/** Logs the user in and opens the requested page. Without a user, it shows the form again. */
async function enter(req: Request, res: Response, user: User | null, problem: string) {
  const { email, remember } = credentials(req);
  if (!user) return void res.status(422).send(logInPage(safeNext(req), email, problem));
  await loginUser(req, user, { remember });
  res.redirect(303, safeNext(req));
}

function credentials(req: Request) {
  const { email, password, remember } = (req.body ?? {}) as Record<string, unknown>;
  return { email: String(email).trim().toLowerCase(), password: String(password), remember: remember === "on" };
}
