import { expect } from "chai";
import { MemoryStore } from "latchkey";
import { externalLogins } from "latchkey/external-logins";
import { backendsHere, type Opened } from "../support/backends.js";
import { addExternalRoutes, external } from "../support/external-site.js";
import { interleaved, type Line, twoSites, usable } from "../support/interleave.js";
import { only, send } from "../support/raw-client.js";
import { trials } from "../support/trials.js";

const TRIALS = trials(1000, 60, 30);
const ON_BACKENDS = trials(1000, 16);
const here = await backendsHere("redis", "postgres", "sql on pg");

type Sites = Awaited<ReturnType<typeof twoSites>>;

/** Requests that create or move a login of the provider's session `sid`. */
const comings: Record<string, (sites: Sites, sid: string, n: number) => Promise<Line>> = {
  "a login": async (_sites, sid, n) => ({
    line: "POST /login/1",
    json: { remember: n % 2 === 1, external: external("s1", sid) },
  }),
  "a confirmation": async ([{ origin }], sid, n) => ({
    line: "POST /confirm",
    cookie: await enter(origin, sid, n % 2 === 1),
  }),
  "a confirmation with a new sid": async ([{ origin }], sid, n) => ({
    line: "POST /confirm-with",
    cookie: await enter(origin, `before ${sid}`, n % 2 === 1),
    json: { external: external("s1", sid) },
  }),
  "a restore": async ([{ origin }], sid) => ({
    line: "GET /me",
    cookie: only("remember", await enter(origin, sid, true)),
  }),
};

async function enter(origin: string, sid: string, remember: boolean): Promise<string> {
  return (await send(origin, "POST /login/1", { json: { remember, external: external("s1", sid) } })).cookie;
}

const end = (sid: string): Line => ({ line: "POST /end-external", json: { ids: { sid } } });

async function sitesOn(...[stores, options]: Parameters<typeof twoSites>): Promise<Sites> {
  const sites = await twoSites(stores, { externalLogins: externalLogins(), ...options });
  for (const site of sites) addExternalRoutes(site);
  return sites;
}

/** Runs the trials. Returns what was left of logins that should have ended. */
async function survivors(sites: Sites, coming: string, count: number, order: "within" | "around"): Promise<string[]> {
  const left: string[] = [];
  let at = 1;
  for (let n = 0, tried = 0; n < count; tried++) {
    const sid = `${coming} ${order} ${tried}`;
    const come = await comings[coming]!(sites, sid, n);
    const lines: [Line, Line] = order === "within" ? [come, end(sid)] : [end(sid), come];
    const answers = await interleaved(sites, lines, { at, behind: (n >> 1) % 4 });
    const made = [come.cookie ?? "", ...(answers ?? []).map(({ cookie }) => cookie)];
    if (answers) n++;
    if (answers?.some(({ status }) => status >= 500)) left.push(`at call ${at}: status ${answers[0].status}`);
    if (answers && (await usable(sites[1].origin, made)).length > 0) left.push(`at call ${at}`);
    await sites[0].login.sessions.revokeAll("1");
    at = answers ? at + 1 : 1;
  }
  return [...new Set(left)];
}

describe("a logout token that arrives during a request", () => {
  for (const coming of Object.keys(comings)) {
    for (const order of ["within", "around"] as const) {
      it(`ends the login: the token's request ${order} ${coming}, at every store call (${TRIALS} trials)`, async () => {
        const store = new MemoryStore();
        expect(await survivors(await sitesOn([store, store]), coming, TRIALS, order)).to.eql([]);
      });
    }
  }

  for (const coming of Object.keys(comings)) {
    it(`ends the login of ${coming} during which another login with the sid logged out (${TRIALS} trials)`, async () => {
      const store = new MemoryStore();
      const sites = await sitesOn([store, store]);
      const left: string[] = [];
      let at = 1;
      for (let n = 0, tried = 0; n < TRIALS; tried++) {
        const sid = `${coming} ${tried}`;
        const come = await comings[coming]!(sites, sid, n);
        const logout = { line: "POST /logout", cookie: await enter(sites[0].origin, sid, n % 3 === 1) };
        const lines: [Line, Line] = n % 2 === 0 ? [come, logout] : [logout, come];
        const answers = await interleaved(sites, lines, { at, behind: (n >> 1) % 10 });
        if (answers?.some(({ status }) => status >= 500)) left.push(`at call ${at}: status ${answers[0].status}`);
        await send(sites[1].origin, "POST /end-external", { json: { ids: { sid } } });
        const made = [come.cookie ?? "", ...(answers ?? []).map(({ cookie }) => cookie)];
        if (answers && (await usable(sites[1].origin, made)).length > 0) left.push(`at call ${at}`);
        await sites[0].login.sessions.revokeAll("1");
        if (answers) n++;
        at = answers ? at + 1 : 1;
      }
      expect([...new Set(left)]).to.eql([]);
    });
  }

  it("ends a login that began while another login with the sid logged out", async () => {
    const store = new MemoryStore();
    const [here, there] = await sitesOn([store, store]);
    const logout = { cookie: await enter(here.origin, "a", false) };
    let later = "";
    here.store.before = async (verb) => {
      if (verb === "alias.destroy") later = await enter(there.origin, "a", true);
      if (verb === "listByUser" && later !== "") await send(there.origin, end("a").line, end("a"));
    };
    expect((await send(here.origin, "POST /logout", logout)).status).to.equal(200);
    here.store.before = () => undefined;
    expect(later).to.include("sid=");
    expect(await usable(there.origin, [later])).to.eql([]);
  });

  it(`ends a login with a stateless remember cookie (${TRIALS} trials)`, async () => {
    const store = new MemoryStore();
    const sites = await sitesOn([store, store], { remember: { mode: "stateless" } });
    for (const coming of ["a login", "a restore"]) {
      expect([coming, await survivors(sites, coming, TRIALS / 2, "within")]).to.eql([coming, []]);
    }
  });

  for (const { name, open } of here) {
    describe(`on ${name}`, () => {
      let opened: Opened;
      let sites: Sites;
      beforeEach(async () => {
        opened = await open();
        sites = await sitesOn([opened.store, (await opened.another?.()) ?? opened.store]);
      });
      afterEach(() => opened?.close());

      for (const coming of Object.keys(comings)) {
        it(`ends the login of ${coming}, at every store call (${ON_BACKENDS} trials)`, async () => {
          for (const order of ["within", "around"] as const) {
            expect(await survivors(sites, coming, ON_BACKENDS / 2, order)).to.eql([]);
          }
        });
      }
    });
  }
});
