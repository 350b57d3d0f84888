import type { Request, Response } from "express";
import { confirmLogin, flash, pendingUser, safeNext } from "latchkey";
import { Public } from "latchkey/routing-controllers";
import { Controller, Get, Post, Render, Req, Res } from "routing-controllers";
import { redirect } from "../web/answers.js";
import { field, isChecked } from "../web/form.js";
import type { Account } from "./account.js";
import { accountOf, HOME, type Site, trustSecret } from "./site.js";
import { totpStep } from "./totp.js";
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
    const account = await accountOf(req);
    if (!account) return toLogin(req, res);
    return account.hasSecondFactor ? view(req, account) : redirect(res, HOME);
  }

  @Post()
  @Render("second-factor")
  async code(@Req() req: Request, @Res() res: Response) {
    const code = field(req, "code");
    return this.#check(req, res, "otp", async (account) => {
      const step = account.totpSecret === null ? null : totpStep(account.totpSecret, code);
      return step !== null && this.site.accounts.useTotpStep(account, step);
    });
  }

  @Post("/recovery")
  @Render("second-factor")
  async recoveryCode(@Req() req: Request, @Res() res: Response) {
    const code = field(req, "recoveryCode");
    return this.#check(req, res, "recovery", (account) => this.site.accounts.useRecoveryCode(account, code));
  }

  /** Checks a code, but first counts the try. */
  async #check(req: Request, res: Response, method: string, isRight: (account: Account) => Promise<boolean>) {
    const { accounts } = this.site;
    const account = await accountOf(req);
    if (!account) return toLogin(req, res);
    if (!(await accounts.takeTry(account))) {
      res.status(429);
      return view(req, account, "There were too many wrong codes. Please wait, and then try again.");
    }
    if (!(await isRight(account))) {
      res.status(422);
      return view(req, account, "This code is wrong, or was used before.");
    }
    await accounts.clearTries(account);
    await confirmLogin(req, { user: account, methods: [method, "mfa"] });
    if (method === "otp" && isChecked(req, "trust"))
      trustBrowser(req, res, account.getId(), trustSecret(this.site, account));
    if (account.failures > 0) flash(req, warningAbout(account.failures), "error");
    if (method === "recovery") flash(req, await this.#codesLeft(account), "info");
    return redirect(res, safeNext(req, HOME));
  }

  async #codesLeft(account: Account): Promise<string> {
    const count = await this.site.accounts.countRecoveryCodes(account);
    const left = count === 1 ? "1 recovery code is left" : `${count} recovery codes are left`;
    return `${left}. If you lost your phone or your key, remove it below.`;
  }
}

async function view(req: Request, account: Account, problem?: string) {
  return { next: safeNext(req, HOME), account, problem, isPending: (await pendingUser(req)) !== null };
}

function toLogin(req: Request, res: Response) {
  flash(req, "That took too long. Please log in again.", "info");
  return redirect(res, "/login");
}

function warningAbout(failures: number): string {
  const codes = failures === 1 ? "a wrong code was" : `${failures} wrong codes were`;
  return `Since your last login, ${codes} entered. If that was not you, somebody knows your password: change it now.`;
}
