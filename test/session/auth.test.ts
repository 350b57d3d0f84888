import { expect } from "chai";
import expressSession, { MemoryStore } from "express-session";
import { SECRET } from "../support/people.js";
import { send } from "../support/raw-client.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";

/** A site with the application's own express-session. Its routes write any value under `auth`. */
async function writable() {
  const asked: unknown[] = [];
  const at = site({ userLoader: (id) => void asked.push(id) }, (login, app) => {
    const options = { secret: SECRET, resave: false, saveUninitialized: true, store: new MemoryStore() };
    app.use(expressSession(options), login.middleware());
  });
  at.app.post("/auth/:part", (req, res) => {
    const auth = req.session.auth as unknown as Record<string, unknown>;
    const value = JSON.parse(String(req.query.value));
    if (req.params.part === "all") req.session.auth = value;
    else auth[req.params.part] = value;
    res.send("written");
  });
  const origin = await serve(at.app);
  return { ...at, asked, origin };
}

const WRONG: Record<string, unknown[]> = {
  v: [null, "1", 0, 1.5, 2],
  all: [null, "1", 1, true, [], {}, { userId: "1" }],
  userId: [1, null, {}, ["1"]],
  loginId: [1, null],
  loginAt: ["0", null, {}],
  freshAt: ["0", {}, true],
  remembered: [0, null, "false"],
  fingerprint: [1, {}],
  stamp: [1, {}],
  series: [1, []],
  address: [1, {}],
  userAgent: [1, {}],
  pending: ["", "old", true],
};

describe("a value under auth in the application's own session", () => {
  for (const [part, values] of Object.entries(WRONG)) {
    const where = part === "all" ? "auth" : part;
    for (const value of values) {
      it(`is not a login, and no loader is called, if ${where} is ${JSON.stringify(value)}`, async () => {
        const { origin, asked } = await writable();
        const { cookie } = await send(origin, "POST /login/1");
        expect((await send(origin, "GET /me", { cookie })).status, "the loader finds no user").to.equal(401);
        const again = (await send(origin, "POST /login/1", { cookie })).cookie || cookie;
        asked.length = 0;
        await send(origin, `POST /auth/${part}?value=${encodeURIComponent(JSON.stringify(value))}`, { cookie: again });
        expect((await send(origin, "GET /me", { cookie: again })).status).to.equal(401);
        expect(asked).to.eql([]);
      });
    }
  }

  it("is a login, and the loader is called, if it has the form that latchkey writes", async () => {
    const { origin, asked } = await writable();
    const { cookie } = await send(origin, "POST /login/1");
    asked.length = 0;
    await send(origin, 'POST /auth/userId?value="2"', { cookie });
    await send(origin, "GET /me", { cookie });
    expect(asked).to.eql(["2"]);
  });
});
