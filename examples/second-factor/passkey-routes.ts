import type { Request, Response } from "express";
import { confirmLogin, LoginRequiredError, loginUser, safeNext } from "latchkey";
import { CurrentUser, Fresh, Public } from "latchkey/routing-controllers";
import { HttpError, JsonController, Post, Req, Res } from "routing-controllers";
import { deviceName } from "../web/device.js";
import { field, isChecked } from "../web/form.js";
import type { Account } from "./account.js";
import { authenticationOptions, registrationOptions, verifyAuthentication, verifyRegistration } from "./passkeys.js";
import { accountOf, endOtherLogins, HOME, type Site, trustSecret } from "./site.js";
import { trustBrowser } from "./trusted-browser.js";

/** What `public/passkeys.js` calls: each use of a passkey takes two requests, one for the options, one for the result. */
@JsonController()
export class PasskeyRoutes {
  constructor(readonly site: Site) {}

  /** The passkey is the only factor: it says who the user is, and must have verified the user. */
  @Public()
  @Post("/login/passkey/options")
  loginOptions(@Req() req: Request) {
    return authenticationOptions(req, this.site.origin);
  }

  @Public()
  @Post("/login/passkey")
  async logIn(@Req() req: Request) {
    const passkey = await this.site.accounts.findPasskey(idIn(req));
    const shown = await this.#shown(req, passkey, { only: true });
    const account = await this.site.accounts.find(String(passkey?.accountId));
    if (!account) throw refused();
    await loginUser(req, account, { methods: [shown.method, "mfa"], remember: isChecked(req, "remember") });
    return { next: safeNext(req, HOME) };
  }

  /** The passkey is the second factor, after the password. It may also be a security key without a PIN. */
  @Public()
  @Post("/second-factor/passkey/options")
  async factorOptions(@Req() req: Request) {
    const account = await accountOf(req);
    if (!account) throw new LoginRequiredError();
    return authenticationOptions(req, this.site.origin, account.passkeys);
  }

  @Public()
  @Post("/second-factor/passkey")
  async showFactor(@Req() req: Request, @Res() res: Response) {
    const account = await accountOf(req);
    if (!account) throw new LoginRequiredError();
    const passkey = account.passkeys.find(({ id }) => id === idIn(req));
    const shown = await this.#shown(req, passkey, { only: false });
    await confirmLogin(req, { user: account, methods: [shown.method, "mfa"] });
    if (isChecked(req, "trust")) trustBrowser(req, res, account.getId(), trustSecret(this.site, account));
    return { next: safeNext(req, HOME) };
  }

  @Fresh({ within: "10m", methods: "required" })
  @Post("/security/passkeys/options")
  newOptions(@Req() req: Request, @CurrentUser() account: Account) {
    return registrationOptions(req, this.site.origin, account);
  }

  @Fresh({ within: "10m", methods: "required" })
  @Post("/security/passkeys")
  async add(@Req() req: Request, @CurrentUser() account: Account) {
    const passkey = await verifyRegistration(req, this.site.origin, req.body?.response);
    if (!passkey || (await this.site.accounts.findPasskey(passkey.id))) throw refused();
    await confirmLogin(req, { methods: ["mfa"] }); // otherwise this login would be incomplete from now on
    await this.site.accounts.addPasskey(account, passkey, deviceName(req.get("user-agent") ?? null));
    await endOtherLogins(this.site, account);
    return { next: account.hasSecondFactor ? HOME : "/security/recovery-codes" };
  }

  /** Returns the proof that the browser has the passkey, and uses up its counter. */
  async #shown(req: Request, passkey: Parameters<typeof verifyAuthentication>[3], how: { only: boolean }) {
    const shown = await verifyAuthentication(req, this.site.origin, req.body?.response, passkey, how);
    if (!passkey || !shown || !(await this.site.accounts.usePasskey(passkey, shown.counter))) throw refused();
    return shown;
  }
}

function idIn(req: Request): string {
  return field({ body: req.body?.response } as Request, "id");
}

function refused() {
  return new HttpError(422, "This passkey does not work here. Please try again, or use another way.");
}
