import { randomBytes } from "node:crypto";
import { expect } from "chai";
import express, { type Request } from "express";
import expressSession from "express-session";
import { LoginManager } from "latchkey";
import { SECRET } from "../support/people.js";
import { send } from "../support/raw-client.js";
import { serve } from "../support/server.js";
import { both, either, type Kind, middleware, type Options, setCookie, sidOf, siteOf } from "./middlewares.js";

const OLD = "an old secret, of 32 characters and more";

describe("express-session's contract: options", () => {
  both("path: sets the cookie only for this path and the paths below it", async (kind) => {
    const at = await siteOf(kind, { cookie: { path: "/foo/bar" } });
    const set: string[] = [];
    for (const path of ["/", "/foo", "/foo/bar", "/foo/bar/baz", "/foo/foo/bar", "/?/foo/bar"]) {
      if (setCookie(await at.visit(undefined, `GET ${path}`))) set.push(path);
    }
    expect(set).to.eql(["/foo/bar", "/foo/bar/baz"]);
    expect(setCookie(await at.visit(undefined, "GET /", { host: "http://foo/bar" }))).to.equal(undefined);
  });

  both("path: is compared with the whole URL, wherever the middleware is mounted", async (kind) => {
    const app = express();
    app.use("/foo", middleware(kind, { cookie: { path: "/foo/bar" } }), (_req, res) => void res.end());
    const origin = await serve(app);
    const [below, twice] = [await send(origin, "GET /foo/bar"), await send(origin, "GET /foo/foo/bar")];
    expect([setCookie(below) !== undefined, setCookie(twice)]).to.eql([true, undefined]);
  });

  both("cookie: can be a function of the request", async (kind) => {
    const cookie = (req: Request) => ({ path: req.url, httpOnly: true, secure: false });
    const at = await siteOf(kind, { cookie } as never);
    const { attributes } = setCookie(await at.visit(undefined, "GET /test"))!;
    expect(attributes).to.include({ path: "/test", httponly: true }).and.not.have.property("secure");
  });

  both("genid: is rejected if it is not a function", (kind) => {
    expect(() => middleware(kind, { genid: "bogus!" as never })).to.throw(/genid/);
  });

  both("genid: returns ids of 32 characters by default", async (kind) => {
    const at = await siteOf(kind);
    const [one, two] = [sidOf(await at.visit())!, sidOf(await at.visit())!];
    expect([one.length, two.length, one === two]).to.eql([32, 32, false]);
  });

  both("genid: returns the id, which is signed in the cookie", async (kind) => {
    const at = await siteOf(kind, { genid: () => "apple" });
    expect(setCookie(await at.visit())!.value).to.equal(await signed("apple"));
  });

  both("genid: can return characters that must be encoded in a cookie", async (kind) => {
    const at = await siteOf(kind, { genid: () => "%" });
    const answer = await at.visit();
    expect(setCookie(answer)!.value)
      .to.equal(await signed("%"))
      .and.to.match(/^s%3A%25\./);
    expect(setCookie(await at.visit(answer.cookie))).to.equal(undefined);
  });

  both("genid: gets the request as its argument", async (kind) => {
    const at = await siteOf(kind, { genid: (req) => req.url });
    expect(sidOf(await at.visit(undefined, "GET /foo"))).to.equal("/foo");
  });

  both("name: has a default value", async (kind) => {
    const app = express();
    if (kind === "latchkey") {
      app.use(new LoginManager({ secret: SECRET, session: { saveUninitialized: true } }).session());
    } else {
      app.use(expressSession({ secret: SECRET, resave: false, saveUninitialized: true }));
    }
    const answer = await send(await serve(app.use((_req, res) => void res.end())), "GET /");
    expect(setCookie(answer, either(kind, "connect.sid", "sid"))).not.to.equal(undefined);
  });

  both("name: is the name of the cookie", async (kind) => {
    const at = await siteOf(kind, { name: "session_id" });
    expect(setCookie(await at.visit(), "session_id")).not.to.equal(undefined);
  });

  both("key: is another word for name only in express-session", async (kind) => {
    const options = { name: undefined, key: "session_id" } as Options;
    if (kind === "latchkey") {
      expect(() => middleware(kind, options)).to.throw(/session\.key/);
    } else {
      const at = await siteOf(kind, options);
      expect(setCookie(await at.visit(), "session_id")).not.to.equal(undefined);
    }
  });

  both("unset: is rejected if it is not one of its two values", (kind) => {
    expect(() => middleware(kind, { unset: "bogus!" as never })).to.throw(/unset/);
  });

  both("secret: is rejected if it is an empty array", (kind) => {
    expect(() => middleware(kind, { secret: [] })).to.throw(/secret/);
  });

  both("secret: signs cookies and verifies them", async (kind) => {
    const at = await remembering(kind, "a secret of its own, with 32 characters");
    const { text, cookie } = await at.visit();
    expect([text, (await at.visit(cookie)).text]).to.eql(["undefined", "bob"]);
  });

  both("secret: can be bytes only in express-session", async (kind) => {
    const secret = randomBytes(32) as never;
    if (kind === "latchkey") {
      expect(() => middleware(kind, { secret })).to.throw(/secret.*expected a string/);
    } else {
      const at = await remembering(kind, secret);
      const { cookie } = await at.visit();
      expect((await at.visit(cookie)).text).to.equal("bob");
    }
  });

  both("secret: signs with the first of several secrets", async (kind) => {
    const at = await remembering(kind, [SECRET, OLD]);
    const { cookie } = await at.visit();
    expect((await at.visit(cookie)).text).to.equal("bob");
    expect((await (await remembering(kind, OLD, at.sessions)).visit(cookie)).text).to.equal("undefined");
    expect((await (await remembering(kind, SECRET, at.sessions)).visit(cookie)).text).to.equal("bob");
  });

  both("secret: verifies with each of several secrets", async (kind) => {
    const at = await remembering(kind, OLD);
    const { cookie } = await at.visit();
    expect((await (await remembering(kind, [SECRET, OLD], at.sessions)).visit(cookie)).text).to.equal("bob");
  });
});

/** A site that stores a note in the session, and sends the note that was stored before. */
function remembering(kind: Kind, secret: string | readonly string[], sessions?: Parameters<typeof siteOf>[4]) {
  return siteOf(
    kind,
    { secret },
    ({ session }, res) => {
      const before = String(session.note);
      session.note = "bob";
      res.end(before);
    },
    undefined,
    sessions,
  );
}

/** The cookie value that express-session sets for an id. */
async function signed(sid: string): Promise<string> {
  const at = await siteOf("express-session", { genid: () => sid });
  return setCookie(await at.visit())!.value;
}
