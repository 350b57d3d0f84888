import { expect } from "chai";
import expressSession, { MemoryStore } from "express-session";
import { SECRET } from "../support/people.js";
import { send } from "../support/raw-client.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";

/** A site over an express-session of the application's own, where anything may be written under `auth`. */
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

describe("a value that an application's own session has instead of a login", () => {
  for (const [part, values] of Object.entries(WRONG)) {
    for (const value of values) {
      it(`does not count as a login, and no loader is called: ${part} is ${JSON.stringify(value)}`, async () => {
        const { origin, asked } = await writable();
        const { cookie } = await send(origin, "POST /login/1");
        expect((await send(origin, "GET /me", { cookie })).status, "the loader knows nobody").to.equal(401);
        const again = (await send(origin, "POST /login/1", { cookie })).cookie || cookie;
        asked.length = 0;
        await send(origin, `POST /auth/${part}?value=${encodeURIComponent(JSON.stringify(value))}`, { cookie: again });
        expect((await send(origin, "GET /me", { cookie: again })).status).to.equal(401);
        expect(asked).to.eql([]);
      });
    }
  }

  it("counts as a login, and the loader is called, if it is what latchkey writes", async () => {
    const { origin, asked } = await writable();
    const { cookie } = await send(origin, "POST /login/1");
    asked.length = 0;
    await send(origin, 'POST /auth/userId?value="2"', { cookie });
    await send(origin, "GET /me", { cookie });
    expect(asked).to.eql(["2"]);
  });
});
