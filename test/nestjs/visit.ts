import type sinon from "sinon";
import { Browser } from "../support/browser.js";
import { MINUTE, type Visitor } from "../support/guard-model.js";
import { type NestSite, nestSite } from "./site.js";

/** Starts a site, and logs a visitor of the model in. */
export async function visit(visitor: Visitor, clock: sinon.SinonFakeTimers, given: NestSite) {
  const site = await nestSite(given);
  const { login, bob, factors, origin } = site;
  login.requestLoader((req) => (req.get("authorization") === "Bearer bob" ? bob : null));
  const headers: Record<string, string> = visitor.bearer ? { authorization: "Bearer bob" } : {};
  const browser = new Browser(origin, headers);
  const { user, shown, remembered, confirmed } = visitor;
  if (user !== null && !visitor.bearer) {
    await browser.post(`/login/${{ ann: 1, bob: 2 }[user]}`, { json: { methods: shown, remember: remembered } });
    if (remembered) await browser.restart();
    if (confirmed) {
      clock.tick(10 * MINUTE);
      await browser.post("/confirm", { json: { methods: confirmed } });
    }
  }
  if (visitor.later) factors.set(bob.id, ["otp"]);
  return { ...site, browser, headers };
}

/** The times after a visit at which the model is checked. Moves the clock to each of them. */
export function* times(clock: sinon.SinonFakeTimers): Generator<number> {
  for (const passed of [0, 10 * MINUTE, 10 * MINUTE + 1]) {
    clock.tick(passed === 10 * MINUTE ? passed : Math.sign(passed));
    yield passed;
  }
}
