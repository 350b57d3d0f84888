import type { Request, Response } from "express";
import { confirmLogin, flash, pendingUser, safeNext } from "latchkey";
import { Public } from "latchkey/routing-controllers";
import { Controller, Get, Post, Render, Req, Res } from "routing-controllers";
import { HOME, redirect } from "../answers.js";
import { field, isChecked } from "../form.js";
import type { Site } from "../site.js";
import type { User } from "../user.js";
import { factorOwner, trustSecret } from "./owner.js";
import { trustBrowser } from "./trusted-browser.js";

/**
 * The page that asks for a second factor: at a login, and before a logged-in user changes something important. Passkeys
 * use the same page, with `passkey-routes.ts`.
 */
@Public()
@Controller("/second-factor")
export class FactorPages {
  constructor(readonly site: Site) {}

  @Get()
  @Render("second-factor")
  async show(@Req() req: Request, @Res() res: Response) {
    const user = await factorOwner(req);
    if (!user) return toLogin(req, res);
    return user.hasSecondFactor ? view(req, user) : redirect(res, safeNext(req, HOME));
  }

  @Post()
  @Render("second-factor")
  code(@Req() req: Request, @Res() res: Response) {
    return this.#check(req, res, "otp", field(req, "code"));
  }

  @Post("/recovery")
  @Render("second-factor")
  recoveryCode(@Req() req: Request, @Res() res: Response) {
    return this.#check(req, res, "recovery", field(req, "recoveryCode"));
  }

  async #check(req: Request, res: Response, kind: "otp" | "recovery", code: string) {
    const { factors, log, notices } = this.site;
    const user = await factorOwner(req);
    if (!user) return toLogin(req, res);
    const outcome = await factors.check(user, kind, code);
    if (outcome !== "right") {
      log.event("failed second factor", { userId: user.getId(), kind, address: req.ip });
      res.status(outcome === "wrong" ? 422 : 429);
      return view(req, user, PROBLEMS[outcome]);
    }
    const isLogin = (await pendingUser(req)) !== null;
    await confirmLogin(req, { user, methods: [kind, "mfa"] });
    if (kind === "otp" && isChecked(req, "trust")) trustBrowser(req, res, user.getId(), trustSecret(this.site, user));
    if (isLogin) flash(req, `You are logged in as ${user.title}.`, "success");
    if (user.failures > 0) flash(req, warningAbout(user.failures), "error");
    if (kind === "recovery") {
      notices.send(req, user.email, "A recovery code of your account was used");
      flash(req, await this.#codesLeft(user), "info");
    }
    return redirect(res, safeNext(req, HOME));
  }

  async #codesLeft(user: User): Promise<string> {
    const count = await this.site.factors.countRecoveryCodes(user);
    const left = count === 1 ? "1 recovery code is left" : `${count} recovery codes are left`;
    return `${left}. If you lost your phone or your key, remove it under “Security”.`;
  }
}

/** What is wrong with a code. */
export const PROBLEMS = {
  wrong: "This code is wrong, or was used before.",
  "too early": "There were too many wrong codes. Please wait, and then try again.",
};

async function view(req: Request, user: User, problem?: string) {
  const isPending = (await pendingUser(req)) !== null;
  return { next: safeNext(req, HOME), user, problem, isPending, trust: isChecked(req, "trust") };
}

function toLogin(req: Request, res: Response) {
  flash(req, "That took too long. Please log in again.", "info");
  return redirect(res, "/login");
}

function warningAbout(failures: number): string {
  const codes = failures === 1 ? "a wrong code was" : `${failures} wrong codes were`;
  return `Since your last login, ${codes} entered. If that was not you, somebody knows your password: change it now.`;
}
