import type { Request, Response } from "express";
import { type LoginManager, loginUser, logoutUser, safeNext } from "latchkey";
import { CurrentUser, Fresh, Public } from "latchkey/routing-controllers";
import { Controller, Get, Post, Req, Res } from "routing-controllers";
import { homePage, logInPage } from "./pages.js";
import { passwordProblem } from "./passwords.js";
import { authenticate, createUser, type User } from "./users.js";

@Controller()
export class Pages {
  constructor(readonly login: LoginManager<User>) {}

  @Get("/")
  async home(@CurrentUser() user: User) {
    return homePage(user.email, await this.login.sessions.list(user));
  }

  @Public()
  @Get("/login")
  showForm(@Req() req: Request) {
    return logInPage(safeNext(req));
  }

  @Public()
  @Post("/login")
  async logIn(@Req() req: Request, @Res() res: Response) {
    const { email, password } = credentials(req);
    return enter(req, res, await authenticate(email, password), "The e-mail or the password is wrong.");
  }

  @Public()
  @Post("/signup")
  async signUp(@Req() req: Request, @Res() res: Response) {
    const { email, password } = credentials(req);
    const problem = passwordProblem(password, email);
    if (problem) return enter(req, res, null, problem);
    return enter(req, res, await createUser(email, password), "An account with this e-mail already exists.");
  }

  @Fresh({ within: "10m" })
  @Post("/log-out-others")
  async logOutOthers(@CurrentUser() user: User, @Res() res: Response) {
    await this.login.sessions.revokeAll(user, { exceptCurrent: true });
    return redirect(res, "/");
  }

  @Public()
  @Post("/logout")
  async logOut(@Req() req: Request, @Res() res: Response) {
    await logoutUser(req);
    return redirect(res, "/login");
  }
}

/** Logs the user in and opens the requested page. Without a user, it shows the form again. */
async function enter(req: Request, res: Response, user: User | null, problem: string) {
  const { email, remember } = credentials(req);
  if (!user) {
    res.status(422);
    return logInPage(safeNext(req), email, problem);
  }
  await loginUser(req, user, { remember });
  return redirect(res, safeNext(req));
}

/** Redirects, and tells routing-controllers that the response is sent. */
function redirect(res: Response, url: string): Response {
  res.redirect(303, url);
  return res;
}

function credentials(req: Request) {
  const { email, password, remember } = (req.body ?? {}) as Record<string, unknown>;
  return { email: String(email).trim().toLowerCase(), password: String(password), remember: remember === "on" };
}
