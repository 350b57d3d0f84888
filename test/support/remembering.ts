import { Browser } from "./browser.js";
import { only, send } from "./raw-client.js";
import { serve } from "./server.js";
import { site } from "./site.js";

/** One day in milliseconds. */
export const DAY = 24 * 60 * 60 * 1000;

/** The site, with `login`, which returns the remember cookie, and `isIn`, which tells whether a cookie is accepted. */
export async function visit(options: Parameters<typeof site>[0] = {}) {
  const at = site(options);
  const origin = await serve(at.app);
  const login = async (given: object = { remember: true }) =>
    only("remember", (await send(origin, "POST /login/1", { json: given })).cookie);
  const isIn = async (cookie: string) => (await send(origin, "GET /me", { cookie })).status === 200;
  return { ...at, origin, login, isIn, browser: new Browser(origin, { accept: "application/json" }) };
}

/** The Max-Age, in days, of the remember cookie that a response sets, or undefined. */
export function days(cookies: string[] | undefined): number | undefined {
  const age = cookies?.find((one) => one.startsWith("remember="))?.match(/Max-Age=(\d+)/)?.[1];
  return age === undefined ? undefined : (Number(age) * 1000) / DAY;
}
