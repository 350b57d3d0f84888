import { expect } from "chai";
import type { Request } from "express";
import expressSession, { MemoryStore } from "express-session";
import { confirmLogin, currentUser, loginRequired, loginUser, logoutUser } from "latchkey";
import sinon from "sinon";
import { type Person, SECRET } from "../support/people.js";
import { only, send } from "../support/raw-client.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";
import { WatchedStore } from "../support/watched-store.js";

const MINUTE = 60_000;

type Site = ReturnType<typeof site>;

const places: Record<string, Parameters<typeof site>[1]> = {
  "latchkey's session": undefined,
  "the application's own express-session": (login, app) =>
    void app.use(
      expressSession({ secret: SECRET, resave: false, saveUninitialized: false, store: new MemoryStore() }),
      login.middleware(),
    ),
};

for (const [place, mount] of Object.entries(places)) {
  describe(`authenticate() in a server-sent events handler, with ${place}`, () => {
    /** Logs Ann in with a remember cookie. `who` returns the user of the first open stream. */
    async function visit() {
      const at = site({ store: new WatchedStore() }, mount);
      const streams: Request[] = [];
      const before: Record<string, (req: Request) => Promise<unknown>> = {
        nothing: async () => {},
        confirmed: (req) => confirmLogin(req),
        "logged in": (req) => loginUser(req, at.bob as never),
        "logged out": (req) => logoutUser(req),
      };
      at.app.get("/stream/:before", loginRequired(), async (req, res) => {
        await before[req.params.before as string]!(req);
        res.writeHead(200, { "content-type": "text/event-stream" });
        res.write("data: hello\n\n");
        streams.push(req);
      });
      const origin = await serve(at.app);
      const { cookie } = await send(origin, "POST /login/1", { json: { remember: true } });
      const who = async () => ((await at.login.authenticate(streams[0]!)) as Person | null)?.name ?? null;
      const open = (what: string, given = cookie) =>
        send(origin, `GET /stream/${encodeURIComponent(what)}`, { cookie: given, atHeaders: true });
      return { ...at, origin, cookie, who, open, streams };
    }

    const ends: Record<string, (at: Site & { origin: string; cookie: string }) => unknown> = {
      "a logout by another request": ({ origin, cookie }) => send(origin, "POST /logout", { cookie }),
      "a stamp change": ({ ann }) => Object.assign(ann, { stamp: "2" }),
      "the user is deleted": ({ byId }) => byId.delete("1"),
    };
    for (const [what, end] of Object.entries(ends)) {
      it(`returns null after ${what}, but currentUser(req) still returns the user`, async () => {
        const at = await visit();
        await at.open("nothing");
        expect([await at.who(), await at.who()]).to.eql(["Ann", "Ann"]);
        await end(at);
        expect([await at.who(), await at.who()]).to.eql([null, null]);
        expect(await currentUser(at.streams[0])).to.equal(at.ann);
      });
    }

    it("returns the right user after its own request changed the login", async () => {
      for (const [what, name] of [
        ["confirmed", "Ann"],
        ["logged in", "Bob"],
        ["logged out", null],
      ] as const) {
        const at = await visit();
        await at.open(what);
        expect([await at.who(), await at.who()], what).to.eql([name, name]);
      }
    });

    it("returns the user whose login its own request restored, until the logout", async () => {
      const at = await visit();
      const { cookie } = await at.open("nothing", only("remember", at.cookie)!);
      expect(await at.who()).to.equal("Ann");
      await send(at.origin, "POST /logout", { cookie });
      expect(await at.who()).to.equal(null);
    });

    it("emits no theft event if the browser got new remember cookies after the stream started", async () => {
      const at = await visit();
      const alarms: string[] = [];
      for (const name of ["rememberTokenStale", "rememberTokenStolen"] as const) {
        at.login.on(name, () => alarms.push(name));
      }
      await at.open("nothing");
      const clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
      try {
        let remembered = only("remember", at.cookie)!;
        for (let times = 0; times < 2; times++) {
          clock.tick(3 * MINUTE);
          const restored = await at.open("nothing", remembered);
          remembered = only("remember", restored.cookie)!;
        }
        clock.tick(3 * MINUTE);
        // With the application's own express-session, a restore does not end the old session.
        expect(await at.who()).to.equal(mount ? "Ann" : null);
        expect(alarms).to.eql([]);
        expect((await at.open("nothing", remembered)).status).to.equal(200);
      } finally {
        clock.restore();
      }
    });
  });
}
