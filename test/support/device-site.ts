import type { Express } from "express";
import type { LoginEvents, LoginManager } from "latchkey";
import { deviceBound, deviceBoundRequired } from "latchkey/device-bound";
import { DeviceBrowser } from "./device-browser.js";
import type { Person } from "./people.js";
import { send } from "./raw-client.js";
import { serve } from "./server.js";
import { site } from "./site.js";

/** The names of the cookies. */
export const [SID, REMEMBER, DEVICE] = ["__Host-sid", "__Host-remember", "__Host-device"] as const;

export const MINUTE = 60_000;
/** The lifetime of the cookie of a device, and then some time in which a request may arrive. */
export const EXPIRED = 10 * MINUTE + 31_000;
/** How long requests without the cookie are still served after a login was bound. */
export const GRACE = 10_000;

export const SECURE = { session: { cookie: { secure: true } }, remember: { cookie: { secure: true } } } as const;

type Options = Parameters<typeof site>[0];

/** Mounts a manager behind a proxy that ends TLS. */
export function behindProxy(login: LoginManager<Person>, app: Express): void {
  app.set("trust proxy", true);
  login.init(app);
}

/** A running site whose logins are bound to devices. `told` are its events about devices and misuse, in order. */
export async function deviceSite(options: Options = {}, mount = behindProxy) {
  const at = site({ ...SECURE, deviceBound: deviceBound(), ...options }, mount);
  const told: string[] = [];
  const tell = <N extends keyof LoginEvents>(name: N, text: (details: LoginEvents<Person>[N]) => string = () => name) =>
    at.login.on(name, (details) => void told.push(text(details)));
  tell("deviceRegistered");
  tell("deviceRefreshed");
  tell("deviceRefused", ({ reason }) => `refused: ${reason}`);
  tell("rememberTokenStale");
  tell("rememberTokenStolen");
  tell("loadedFromCookie");
  tell("loginEnded", ({ reason }) => `ended: ${reason}`);
  at.app.get("/bound", deviceBoundRequired(), (_req, res) => void res.send("bound"));
  const origin = await serve(at.app);
  return {
    ...at,
    origin,
    told,
    newBrowser: (headers?: Record<string, string>) => new DeviceBrowser(origin, headers),
    /** A browser in which Ann's login is bound to the device. */
    async bound(json: object = { remember: true }, headers?: Record<string, string>): Promise<DeviceBrowser> {
      const browser = new DeviceBrowser(origin, headers);
      await browser.post("/login/1", { json });
      await browser.get("/me"); // the browser sends the cookie of the device for the first time
      await settled();
      return browser;
    },
    /** Sends a request with exactly these cookies. */
    sendCopy: (line: string, cookie: string, more: { headers?: Record<string, string>; json?: unknown } = {}) =>
      send(origin, line, { cookie, ...more, headers: { "x-forwarded-proto": "https", ...more.headers } }),
  };
}

/** Waits until the work that a request left in the background is done. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}
