import { expect } from "chai";
import sinon from "sinon";
import { backendsHere } from "../support/backends.js";
import { inProduction } from "../support/production.js";
import { countTrials, send } from "../support/raw-client.js";
import { rememberingSites } from "../support/remembered.js";
import { DAY } from "../support/remembering.js";
import { trials } from "../support/trials.js";

const here = await backendsHere("memory");
const LOGINS = trials(1000, 200);

describe("the cookie that remembers a browser", () => {
  let clock: sinon.SinonFakeTimers;
  beforeEach(() => {
    clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
  });
  afterEach(() => sinon.restore());

  it("has these attributes and no others, 71 characters, and the lifetime of the remembered browser", async () => {
    const opened = await here[0]!.open();
    const at = inProduction(() => rememberingSites(opened, { remember: { duration: "400d" } }));
    const site = await at;
    const ann = site.newPerson();
    const https = { "x-forwarded-proto": "https" };
    const login = await send(site.origin, `POST /login/${ann.id}`, { json: { remember: true }, headers: https });
    const remembered = (cookies: string[] = []) => cookies.filter((one) => one.startsWith("__Host-remember="));
    const attributes = (cookie: string) => cookie.split("; ").slice(1).sort();
    const [set] = remembered(login.headers["set-cookie"]);
    const expected = (seconds: number) =>
      [
        "HttpOnly",
        "Path=/",
        "SameSite=Lax",
        "Secure",
        `Max-Age=${seconds}`,
        `Expires=${new Date(Math.floor(Date.now() / 1000) * 1000 + seconds * 1000).toUTCString()}`,
      ].sort();
    const seconds = (400 * DAY) / 1000;
    expect(attributes(set!)).to.eql(expected(seconds));
    const cookie = set!.slice(0, set!.indexOf(";"));
    expect(cookie.slice("__Host-remember=".length)).to.match(/^v1\.[\w-]{22}\.0\.[\w-]{43}$/);
    clock.tick(100 * DAY);
    const restored = await site.me(cookie, https);
    const [next, ...more] = remembered(restored.headers["set-cookie"]);
    expect(more).to.eql([]);
    expect(attributes(next!)).to.eql(expected((300 * DAY) / 1000));
    clock.tick(10_000);
    const [again] = remembered((await site.me(cookie, https)).headers["set-cookie"]);
    expect(attributes(again!), "set again 10 seconds later").to.eql(expected((300 * DAY) / 1000 - 10));
    expect(Math.max(set!.length, next!.length)).to.be.below(4096);
    const [removed] = remembered(
      (await send(site.origin, "POST /logout", { cookie, headers: https })).headers["set-cookie"],
    );
    expect(removed).to.match(
      /^__Host-remember=; Path=\/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Secure; SameSite=Lax$/,
    );
    await opened.close();
  });

  for (const mode of ["persistent", "stateless"] as const) {
    it(`is different at each of ${LOGINS} logins of the same user in one millisecond: ${mode}`, async () => {
      const opened = await here[0]!.open();
      const at = await rememberingSites(opened, { remember: { mode } });
      const ann = at.newPerson();
      const given = new Set<string>();
      await countTrials(LOGINS, async () => {
        const { sid, remember } = await at.logIn(ann);
        given.add(sid).add(remember);
        return true;
      });
      expect(given.size).to.equal(2 * LOGINS);
      await opened.close();
    });
  }
});
