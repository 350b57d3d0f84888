import type { IncomingMessage, RequestListener } from "node:http";
import { expect } from "chai";
import express, { type Request, type RequestHandler, type Response } from "express";
import { LoginManager } from "latchkey";
import { SECRET } from "../support/people.js";
import { sendLine } from "../support/request-line.js";
import { serve } from "../support/server.js";

const TARGETS: Array<[target: string, has: boolean]> = [
  ["/area", true],
  ["/area/", true],
  ["/area?from=/", true],
  ["/area/page?x=1#y", true],
  ["/areas", true], // as in express-session
  ["/", false],
  ["/?/area", false],
  ["/other/area", false],
  ["/AREA", false],
  ["http://site.example/area/page", true],
  ["HTTPS://site.example:8443/area?x=1", true],
  ["http://site.example/", false],
  ["http://site.example", false],
  ["http://site.example?/area", false],
  ["http://area/other", false],
];

/** Returns each target, and whether it gets a session if the cookie has the path /area. */
async function targetsWithSession(listen: (session: RequestHandler, answer: RequestListener) => RequestListener) {
  const login = new LoginManager({ secret: SECRET, session: { cookie: { path: "/area" } } });
  const origin = await serve(
    listen(login.session(), (req: IncomingMessage & { session?: unknown }, res) => {
      res.setHeader("X-Session", String(req.session !== undefined));
      res.end();
    }),
  );
  const found: typeof TARGETS = [];
  for (const [target] of TARGETS) {
    const head = await sendLine(origin, `GET ${target}`);
    found.push([target, head.includes("X-Session: true")]);
  }
  return found;
}

describe("the path of the session cookie", () => {
  it("is compared with the path of the request, for every form of the request target", async () => {
    const found = await targetsWithSession((session, answer) => express().use(session, answer as RequestHandler));
    expect(found).to.deep.equal(TARGETS);
  });

  it("is compared with the original path if the middleware is mounted under a path", async () => {
    const found = await targetsWithSession((session, answer) => {
      const app = express();
      app.use(/^\/areas?/, session);
      return app.use(answer as RequestHandler);
    });
    expect(found.filter(([target]) => target.startsWith("/"))).to.deep.equal(
      TARGETS.filter(([target]) => target.startsWith("/")),
    );
  });

  it("is compared with req.url if there is no originalUrl, as on a plain HTTP server", async () => {
    const found = await targetsWithSession(
      (session, answer) => (req, res) => void session(req as Request, res as Response, () => answer(req, res as never)),
    );
    expect(found).to.deep.equal(TARGETS);
  });

  it("does not match a request without a URL", async () => {
    const login = new LoginManager({ secret: SECRET, session: { cookie: { path: "/area" } } });
    const origin = await serve((req, res) => {
      req.url = "";
      login.session()(req as Request, res as Response, () => res.end(String("session" in req)));
    });
    expect(await (await fetch(origin)).text()).to.equal("false");
  });
});
