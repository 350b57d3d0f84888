import { IncomingMessage, ServerResponse } from "node:http";
import { expect } from "chai";
import type { Express, Request } from "express";
import session from "express-session";
import { currentUser, LoginManager, loginRequired } from "latchkey";
import { loginAs } from "latchkey/testing";
import { expressVersions } from "../support/express.js";
import { people, SECRET } from "../support/people.js";
import { serve } from "../support/server.js";

for (const { name, express } of expressVersions) {
  describe(`other applications in a process with latchkey, on ${name}`, () => {
    /** An application with latchkey that a logged-in user has already used. */
    async function beside(mount: (app: Express) => void = () => {}) {
      const { ann, load } = people();
      const login = new LoginManager({ secret: SECRET, userLoader: load });
      const app = express();
      app.set("env", "test");
      login.init(app);
      app.get("/me", loginRequired(), async (_req, res) => void res.json(await currentUser()));
      mount(app);
      const origin = await serve(app);
      const headers = { cookie: await loginAs(login, ann) };
      expect((await fetch(`${origin}/me`, { headers })).status).to.equal(200);
      return { app, login, ann, origin, headers };
    }

    it("have no session and no user", async () => {
      await beside();
      const plain = express();
      plain.get("/", (req, res) => {
        const { session, sessionID, sessionStore, user } = req;
        res.json([session, sessionID, sessionStore, user].map((value) => value === undefined));
      });
      const response = await fetch(await serve(plain));
      expect(await response.json()).to.deep.equal([true, true, true, true]);
      expect(response.headers.get("vary")).to.equal(null);
    });

    it("can set and delete their own properties of a request", async () => {
      await beside();
      const plain = express();
      const names = ["session", "sessionID", "sessionStore", "user"] as const;
      plain.get("/", (req, res) => {
        const values = req as unknown as Record<string, unknown>;
        for (const property of names) values[property] = `the ${property}`;
        const kept = names.map((property) => [values[property], Object.keys(req).includes(property)]);
        for (const property of names) delete values[property];
        res.json([kept, names.map((property) => values[property] ?? null)]);
      });
      const expected = [names.map((property) => [`the ${property}`, true]), names.map(() => null)];
      expect(await (await fetch(await serve(plain))).json()).to.deep.equal(expected);
    });

    it("can use express-session while latchkey uses its own sessions", async () => {
      const { origin, headers } = await beside();
      const other = express();
      other.use(session({ secret: SECRET, resave: false, saveUninitialized: false }));
      other.get("/", (req, res) => {
        req.session.note = `${req.session.note ?? ""}x`;
        res.send(`${req.session.note} ${req.sessionID.length}`);
      });
      const otherOrigin = await serve(other);
      const first = await fetch(otherOrigin);
      expect(await first.text()).to.equal("x 32");
      const cookie = first.headers.get("set-cookie")!.split(";")[0]!;
      const [second, me] = await Promise.all([
        fetch(otherOrigin, { headers: { cookie } }),
        fetch(`${origin}/me`, { headers }),
      ]);
      expect(await second.text()).to.equal("xx 32");
      expect(await me.json()).to.include({ name: "Ann" });
    });

    it("have the session and the user if an application with latchkey calls them", async () => {
      const inner = express();
      inner.get("/", async (req, res) => {
        const { name } = (await currentUser(req)) as { name: string };
        res.json([name, (req.user as { name: string }).name, req.session.auth?.userId, typeof req.sessionID]);
      });
      const { origin, headers } = await beside((app) => {
        app.use("/called", loginRequired(), (req, res) => (inner as (req: Request, res: object) => void)(req, res));
        app.use("/mounted", loginRequired(), inner);
      });
      for (const path of ["/called", "/mounted"]) {
        const answer = await (await fetch(origin + path, { headers })).json();
        expect(answer, path).to.deep.equal(["Ann", "Ann", "1", "string"]);
      }
    });

    it("have the session and the user in an object or a proxy that derives from a request", async () => {
      const { origin, headers } = await beside((app) => {
        app.get("/derived", loginRequired(), (req, res) => {
          const derived = Object.create(req) as Request;
          const proxy = new Proxy(req, {});
          res.json(
            [derived, proxy].map(({ session, user }) => [session.auth?.userId, (user as { name: string }).name]),
          );
        });
      });
      const answer = await (await fetch(`${origin}/derived`, { headers })).json();
      expect(answer).to.deep.equal([
        ["1", "Ann"],
        ["1", "Ann"],
      ]);
    });

    it("can still use plain responses of Node", async () => {
      await beside();
      const origin = await serve((_req, res) => {
        res.writeHead(201, { "X-Plain": "yes" });
        res.write("a");
        res.end("b");
      });
      const response = await fetch(origin);
      expect([response.status, response.headers.get("x-plain"), await response.text()]).to.deep.equal([
        201,
        "yes",
        "ab",
      ]);
    });

    it("find the prototypes of Node unchanged", async () => {
      const before = [IncomingMessage, ServerResponse].map(({ prototype }) => Reflect.ownKeys(prototype));
      await beside();
      const after = [IncomingMessage, ServerResponse].map(({ prototype }) => Reflect.ownKeys(prototype));
      expect(after).to.deep.equal(before);
      expect(Object.hasOwn(IncomingMessage.prototype, "session")).to.equal(false);
      expect(Object.hasOwn(ServerResponse.prototype, "render")).to.equal(false);
    });
  });
}
