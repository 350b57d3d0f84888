import { expect } from "chai";
import type { Request } from "express";
import { LoginManager } from "latchkey";
import { loginAs } from "latchkey/testing";
import { expressVersions } from "../support/express.js";
import { people, SECRET } from "../support/people.js";
import { only, send } from "../support/raw-client.js";
import { site } from "../support/site.js";
import { socketSite } from "../support/sockets.js";
import { WatchedStore } from "../support/watched-store.js";

const REMEMBER = { json: { remember: true } };

/** The request properties that a loader may read. */
const seen = (req: Request) => ({
  ip: req.ip,
  agent: req.get("User-Agent"),
  cookie: req.headers.cookie !== undefined,
  host: req.hostname,
  path: [req.path, req.originalUrl],
  query: { ...req.query },
  secure: req.secure,
});

for (const { name, express } of expressVersions) {
  describe(`authenticate() with an application, ${name}`, () => {
    for (const loader of ["userLoader", "requestLoader"] as const) {
      it(`calls the ${loader} with an Express request`, async () => {
        const { ann } = people();
        let asked: Request | undefined;
        const { login, app, open } = await socketSite(
          {
            [loader]: (...args: [string, Request] | [Request]) => {
              asked = args.at(-1) as Request;
              return ann;
            },
          },
          { make: express },
        );
        app.set("trust proxy", 1);
        const headers = { "x-forwarded-for": "192.0.2.1", "user-agent": "Browser/1" };
        const cookie = loader === "userLoader" ? { cookie: await loginAs(login, ann) } : {};
        const { who, req } = await open({ ...headers, ...cookie }, "/chat?room=a%20b&room=c");
        expect(who).to.equal("Ann");
        expect(asked).to.equal(req);
        expect(seen(asked!)).to.deep.equal({
          ip: "192.0.2.1",
          agent: "Browser/1",
          cookie: loader === "userLoader",
          host: "127.0.0.1",
          path: ["/chat", "/chat?room=a%20b&room=c"],
          query: { room: ["a b", "c"] },
          secure: false,
        });
      });
    }

    it("calls the request loader each time if there is no login, and returns only active users", async () => {
      const { open, bob, cid, byId } = await socketSite(
        { requestLoader: (req) => byName(String(req.query.token)) },
        { make: express },
      );
      const byName = (token: string) => [...byId.values()].find((person) => person.name === token);
      const opened = await open({}, "/?token=Bob");
      expect([opened.who, (await open({}, "/?token=Eve")).who, (await open()).who]).to.deep.equal(["Bob", null, null]);
      expect((await open({}, `/?token=${cid.name}`)).who, "not active").to.equal(null);
      bob.isActive = false;
      expect(await opened.again()).to.equal(null);
    });

    it("calls the request loader as over HTTP: for an ended login, but not for an inactive user", async () => {
      const at = await socketSite({ requestLoader: () => at.bob }, { make: express });
      const both = async (change: () => void) => {
        const [one, other] = await Promise.all([1, 2].map(() => send(at.origin, "POST /login/1", REMEMBER)));
        change();
        const overHttp = await send(at.origin, "GET /me", { cookie: one!.cookie });
        return [overHttp.status === 200 ? JSON.parse(overHttp.text).name : null, await at.whoIs(other!.cookie)];
      };
      const stamp = (value: string) => () => void Object.assign(at.ann, { stamp: value });
      expect(await both(stamp("2")), "the stamp changed").to.deep.equal(["Bob", "Bob"]);
      expect(await both(() => at.byId.delete("1")), "unknown").to.deep.equal(["Bob", "Bob"]);
      at.byId.set("1", at.ann);
      expect(await both(() => void Object.assign(at.ann, { isActive: false })), "not active").to.deep.equal([
        null,
        null,
      ]);
    });

    it("works without a user loader, even if the request has a remember cookie", async () => {
      const { ann } = people();
      const login = new LoginManager({ secret: SECRET, requestLoader: () => ann, store: new WatchedStore() });
      const app = express();
      login.init(app);
      const at = await socketSite({}, { ask: (_at, req) => login.authenticate(req) });
      const { cookie } = await send(at.origin, "POST /login/2", REMEMBER);
      expect(await at.whoIs(only("remember", cookie))).to.equal("Ann");
    });

    it("rejects before login.init(app), with an error that says what to call", async () => {
      const at = await socketSite({}, { mount: () => {}, make: express });
      expect((await at.open()).who).to.equal("middleware_missing");
      const error = await at.login.authenticate((await at.open()).req).catch(({ message }) => message);
      expect(error).to.include("login.init(app)").and.include("login.authenticate(req, app)");
      at.login.init(at.app);
      expect(await at.whoIs(await loginAs(at.login, at.ann))).to.equal("Ann");
    });

    it("uses the application that is passed to it, or else the application of the first HTTP request", async () => {
      const mount: Parameters<typeof site>[1] = (login, app) => void app.use(login.session(), login.middleware());
      const at = await socketSite({}, { mount, make: express });
      const cookie = await loginAs(at.login, at.ann);
      const early = await at.open({ cookie });
      expect(early.who).to.equal("middleware_missing");
      expect(await at.login.authenticate(early.req, at.app)).to.equal(at.ann);
      expect(await at.whoIs(cookie)).to.equal("middleware_missing");
      await send(at.origin, "GET /public");
      expect(await at.whoIs(cookie)).to.equal("Ann");
    });

    it("works with two managers, each of which finds only its own logins", async () => {
      const mine = site({ session: { name: "mine" } });
      const asks = { both: async (_: unknown) => null as object | null };
      const theirs = await socketSite({}, { make: express, ask: (_at, req) => asks.both(req) });
      asks.both = async (req) => {
        const [one, other] = await Promise.all([
          mine.login.authenticate(req as never),
          theirs.login.authenticate(req as never),
        ]);
        return { name: `${one?.name ?? "nobody"}, ${other?.name ?? "nobody"}` };
      };
      const cookies = [await loginAs(mine.login, mine.ann), await loginAs(theirs.login, theirs.bob)];
      expect(await theirs.whoIs(cookies.join("; "))).to.equal("Ann, Bob");
      expect(await theirs.whoIs(cookies[0]!)).to.equal("Ann, nobody");
      expect(await theirs.whoIs(cookies[1]!)).to.equal("nobody, Bob");

      theirs.app.get("/other", (req, res) => {
        mine.login.authenticate(req).then((user) => res.json(user?.name ?? "nobody"));
      });
      for (const [cookie, name] of [
        [cookies[1]!, "nobody"],
        [cookies.join("; "), "Ann"],
      ] as const) {
        const { text } = await send(theirs.origin, "GET /other", { cookie });
        expect(text, "a request of another manager").to.equal(`"${name}"`);
      }
    });

    it("rejects without a loader, as over HTTP", async () => {
      const login = new LoginManager({ secret: SECRET });
      const app = express();
      login.init(app);
      const at = await socketSite({}, { ask: (_at, req) => login.authenticate(req) });
      expect((await at.open()).who).to.equal("loader_missing");
    });

    it("rejects inside a loader, which would wait forever", async () => {
      const at = await socketSite({ requestLoader: (req) => at.login.authenticate(req) }, { make: express });
      expect((await at.open()).who).to.equal("inside_loader");
    });
  });
}
