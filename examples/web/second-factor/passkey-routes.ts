import type { Request, Response } from "express";
import { confirmLogin, flash, LoginRequiredError, loginUser, pendingUser, safeNext } from "latchkey";
import { CurrentUser, Fresh, Public } from "latchkey/routing-controllers";
import { HttpError, JsonController, Post, Req, Res } from "routing-controllers";
import { HOME } from "../answers.js";
import { deviceName } from "../device.js";
import { field, isChecked } from "../form.js";
import type { Site } from "../site.js";
import type { User } from "../user.js";
import { endOtherLogins, factorOwner, trustSecret } from "./owner.js";
import { authenticationOptions, registrationOptions, verifyAuthentication, verifyRegistration } from "./passkeys.js";
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
    const passkey = await this.site.factors.findPasskey(idIn(req));
    const shown = await this.#shown(req, passkey, { only: true });
    const user = await this.site.accounts.find(String(passkey?.userId));
    const remember = isChecked(req, "remember");
    if (!user || !(await loginUser(req, user, { methods: [shown.method, "mfa"], remember }))) throw refused();
    flash(req, `You are logged in as ${user.title}.`, "success");
    return { next: safeNext(req, HOME) };
  }

  /** The passkey is the second factor, after the password. It may also be a security key without a PIN. */
  @Public()
  @Post("/second-factor/passkey/options")
  async factorOptions(@Req() req: Request) {
    const user = await factorOwner(req);
    if (!user) throw new LoginRequiredError();
    return authenticationOptions(req, this.site.origin, user.passkeys);
  }

  @Public()
  @Post("/second-factor/passkey")
  async showFactor(@Req() req: Request, @Res() res: Response) {
    const user = await factorOwner(req);
    if (!user) throw new LoginRequiredError();
    const passkey = user.passkeys.find(({ id }) => id === idIn(req));
    const shown = await this.#shown(req, passkey, { only: false });
    const isLogin = (await pendingUser(req)) !== null;
    await confirmLogin(req, { user, methods: [shown.method, "mfa"] });
    if (isChecked(req, "trust")) trustBrowser(req, res, user.getId(), trustSecret(this.site, user));
    if (isLogin) flash(req, `You are logged in as ${user.title}.`, "success");
    return { next: safeNext(req, HOME) };
  }

  @Fresh({ within: "10m", methods: "required" })
  @Post("/security/passkeys/options")
  newOptions(@Req() req: Request, @CurrentUser() user: User) {
    return registrationOptions(req, this.site.origin, user);
  }

  @Fresh({ within: "10m", methods: "required" })
  @Post("/security/passkeys")
  async add(@Req() req: Request, @CurrentUser() user: User) {
    const { factors, notices, origin } = this.site;
    const passkey = await verifyRegistration(req, origin, req.body?.response);
    if (!passkey || (await factors.findPasskey(passkey.id))) throw refused();
    await confirmLogin(req, { methods: ["mfa"] }); // otherwise this login would be incomplete from now on
    await factors.addPasskey(user, passkey, deviceName(req.get("user-agent") ?? null));
    await endOtherLogins(this.site, user);
    notices.send(req, user.email, "A passkey was added to your account");
    flash(req, "Your passkey is added.", "success");
    return { next: user.hasSecondFactor ? "/security" : "/security/recovery-codes" };
  }

  /** Returns the proof that the browser has the passkey, and uses up its counter. */
  async #shown(req: Request, passkey: Parameters<typeof verifyAuthentication>[3], how: { only: boolean }) {
    const shown = await verifyAuthentication(req, this.site.origin, req.body?.response, passkey, how);
    if (passkey && shown && (await this.site.factors.usePasskey(passkey, shown.counter))) return shown;
    this.site.log.event("failed passkey", { address: req.ip });
    throw refused();
  }
}

function idIn(req: Request): string {
  return field({ body: req.body?.response } as Request, "id");
}

function refused() {
  return new HttpError(422, "This passkey does not work here. Please try again, or use another way.");
}
