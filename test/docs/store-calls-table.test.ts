import { readFileSync } from "node:fs";
import { expect } from "chai";
import sinon from "sinon";
import { impersonationSite } from "../support/impersonation-site.js";
import { only, send } from "../support/raw-client.js";

/** For each row of the table: prepares the site, and returns the request whose calls the test compares. */
const deeds: Record<string, (at: Site) => Promise<Request>> = {
  "a page for a visitor without a cookie": async () => ["GET /public", ""],
  "a page for a user": async ({ logIn }) => ["GET /me", await logIn()],
  "a page for a user who was last seen more than a minute ago": async ({ logIn, clock }) => {
    const cookie = await logIn();
    clock.tick(61_000);
    return ["GET /me", cookie];
  },
  "a change of `req.session`": async ({ logIn }) => ["POST /note/changed", await logIn()],
  "a login": async () => ["POST /login/1", ""],
  "a login with `remember`": async () => ["POST /login/1", "", { remember: true }],
  "a login with `external`": async () => [
    "POST /login/1",
    "",
    { external: { issuer: "https://idp", sub: "s", sid: "a" } },
  ],
  "a login of a visitor who has a session": async ({ origin }) => [
    "POST /login/1",
    (await send(origin, "POST /note/cart")).cookie,
  ],
  "a login with `remember` of a visitor who has a session": async ({ origin }) => [
    "POST /login/1",
    (await send(origin, "POST /note/cart")).cookie,
    { remember: true },
  ],
  "a confirmation": async ({ logIn }) => ["POST /confirm", await logIn()],
  "a confirmation in a remembered browser": async ({ logIn }) => ["POST /confirm", await logIn({ remember: true })],
  "a restore by the remember cookie": async ({ logIn }) => [
    "GET /me",
    only("remember", await logIn({ remember: true })),
  ],
  "a logout": async ({ logIn }) => ["POST /logout", await logIn()],
  "a logout in a remembered browser": async ({ logIn }) => ["POST /logout", await logIn({ remember: true })],
  "a logout of a login with `external`": async ({ logIn }) => [
    "POST /logout",
    await logIn({ external: { issuer: "https://idp", sub: "s", sid: "a" } }),
  ],
  "`impersonate`": async ({ logIn }) => ["POST /as/2", await logIn()],
  "a page while an administrator acts as a user": async ({ origin, logIn }) => [
    "GET /me",
    (await send(origin, "POST /as/2", { cookie: await logIn() })).cookie,
  ],
  "`stopImpersonating`": async ({ origin, logIn }) => [
    "POST /stop",
    (await send(origin, "POST /as/2", { cookie: await logIn() })).cookie,
  ],
  "`login.sessions.rename`": async ({ logIn, rename }) => rename(await logIn()),
  "`login.sessions.rename` of a remembered login": async ({ logIn, rename }) => rename(await logIn({ remember: true })),
  "`login.sessions.list`": async ({ logIn }) => ["GET /sessions", await logIn()],
};

type Request = [line: string, cookie: string, json?: object];
type Site = Awaited<ReturnType<typeof visited>>;

async function visited(clock: sinon.SinonFakeTimers) {
  const at = await impersonationSite();
  const logIn = async (json: object = {}) => (await send(at.origin, "POST /login/1", { json })).cookie;
  const rename = async (cookie: string): Promise<Request> => {
    const [listed] = await at.login.sessions.list("1");
    return [`POST /rename/${listed!.id}`, cookie, { label: "phone" }];
  };
  return { ...at, clock, logIn, rename };
}

/** Returns the rows of the table: each request, and its calls in order. */
function rows(): Map<string, string> {
  const page = readFileSync("docs/records.md", "utf8");
  const [, table] = /\| the request \| the calls \|\n\|[^\n]*\n((?:\|.*\n)+)/.exec(page)!;
  return new Map(
    table!
      .trimEnd()
      .split("\n")
      .map((line) => line.split("|").map((cell) => cell.trim()))
      .map(([, deed, calls]) => [deed!, calls!]),
  );
}

describe("the table of calls to the store in docs/records.md", () => {
  let clock: sinon.SinonFakeTimers;
  beforeEach(() => {
    clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
  });
  afterEach(() => sinon.restore());

  it("has a row for each of these requests, and no other row", () => {
    expect([...rows().keys()]).to.have.members(Object.keys(deeds));
  });

  for (const [deed, prepare] of Object.entries(deeds)) {
    it(`lists the calls for ${deed}`, async () => {
      const at = await visited(clock);
      const [line, cookie, json] = await prepare(at);
      at.store.calls = [];
      await send(at.origin, line, { cookie, ...(json ? { json } : {}) });
      await new Promise((resolve) => setImmediate(resolve));
      const calls = at.store.calls.map((verb) => {
        const [method, kind] = verb.split(".").reverse();
        return kind === undefined ? `\`${method}\`` : `\`${method}\` ${kind}`;
      });
      expect(rows().get(deed)).to.equal(calls.join(", ") || "none");
    });
  }
});
