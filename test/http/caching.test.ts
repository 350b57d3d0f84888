import { fileURLToPath } from "node:url";
import { expect } from "chai";
import express, { type RequestHandler } from "express";
import { currentUser, isFresh, loginRequired, loginUser, logoutUser, takeFlashes } from "latchkey";
import { people } from "../support/people.js";
import { countTrials, send } from "../support/raw-client.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";
import { trials } from "../support/trials.js";

/** The number of requests to a shared cache. */
const CACHED = trials(10_000, 10_000, 2000);

/** Returns the caching headers of these handlers' responses, for a visitor and for a logged-in user. */
async function answers(handlers: Record<string, RequestHandler | RequestHandler[]>) {
  const { app } = site();
  for (const [name, handler] of Object.entries(handlers)) app.get(`/${name}`, handler);
  const origin = await serve(app);
  const { cookie } = await send(origin, "POST /login/1");
  const caching = async (name: string, given?: string) => {
    const { headers, status } = await send(origin, `GET /${name}`, given ? { cookie: given } : {});
    expect(status, name).to.be.below(500);
    return [headers.vary ?? null, headers["cache-control"] ?? null];
  };
  return {
    app,
    origin,
    cookie,
    visitor: (name: string) => caching(name),
    user: (name: string) => caching(name, cookie),
  };
}

const PRIVATE = "private, no-store";

describe("caching", () => {
  const untouched: Record<string, RequestHandler> = {
    send: (_req, res) => void res.send("same for all"),
    json: (_req, res) => void res.json({}),
    end: (_req, res) => void res.end(),
    writeHead: (_req, res) => void res.writeHead(200, { "Content-Type": "text/plain" }).end("same"),
    stream: (_req, res) => {
      res.write("a");
      setImmediate(() => res.end("b"));
    },
  };
  for (const name of Object.keys(untouched)) {
    it(`sets no header on a response that did not use the session: ${name}`, async () => {
      const { visitor, user } = await answers(untouched);
      expect(await visitor(name)).to.deep.equal([null, null]);
      expect(await user(name)).to.deep.equal([null, null]);
    });
  }

  const using: Record<string, RequestHandler> = {
    session: (req, res) => void res.json(req.session.note ?? null),
    id: (req, res) => void res.json(typeof req.session.id),
    takeFlashes: (req, res) => void res.json(takeFlashes(req)),
    later: async (req, res) => {
      await new Promise((resolve) => setImmediate(resolve));
      res.json(req.session.note ?? null);
    },
    writeHead: (req, res) => {
      req.session.note;
      res.writeHead(200, { "Content-Type": "text/plain" });
      res.end("text");
    },
    stream: (req, res) => {
      req.session.note;
      res.write("a");
      setImmediate(() => res.end("b"));
    },
    flushHeaders: (req, res) => {
      req.session.note;
      res.flushHeaders();
      res.end("text");
    },
    end: (req, res) => {
      req.session.note;
      res.end();
    },
  };
  for (const name of Object.keys(using)) {
    it(`sets Vary: Cookie on a response that used the session: ${name}`, async () => {
      const { visitor, user } = await answers(using);
      expect(await visitor(name)).to.deep.equal(["Cookie", null]);
      expect(await user(name)).to.deep.equal(["Cookie", null]);
    });
  }

  const personal: Record<string, RequestHandler | RequestHandler[]> = {
    currentUser: async (_req, res) => void res.json(await currentUser()),
    isFresh: async (req, res) => void res.json(await isFresh(req)),
    stream: async (_req, res) => {
      await currentUser();
      res.write("a");
      setImmediate(() => res.end("b"));
    },
    writeHead: async (_req, res) => {
      await currentUser();
      res.writeHead(200, { "Content-Type": "text/plain" }).end("text");
    },
  };
  for (const name of Object.keys(personal)) {
    it(`sets ${PRIVATE} on a response that was made for a user: ${name}`, async () => {
      const { visitor, user } = await answers(personal);
      expect(await visitor(name)).to.deep.equal(["Cookie", null]);
      expect(await user(name)).to.deep.equal(["Cookie", PRIVATE]);
    });
  }

  it(`sets ${PRIVATE} on guarded pages, logins and logouts, and no-store on rejections`, async () => {
    const { origin, cookie, user, visitor } = await answers({});
    expect(await user("me")).to.deep.equal(["Cookie", PRIVATE]);
    expect(await visitor("me")).to.deep.equal(["Accept, Cookie", "no-store"]);
    for (const line of ["POST /login/1", "POST /logout"]) {
      const { headers } = await send(origin, line, { cookie });
      expect([headers.vary, headers["cache-control"]], line).to.deep.equal(["Cookie", PRIVATE]);
    }
  });

  it("keeps the handler's Cache-Control and Vary, set before or after the user is loaded", async () => {
    const own = "private, max-age=60";
    const file = fileURLToPath(import.meta.url);
    const { user } = await answers({
      before: async (_req, res) => {
        res.set("Cache-Control", own).vary("Accept-Language");
        await currentUser();
        res.send("mine");
      },
      after: [loginRequired(), (_req, res) => void res.vary("Accept-Language").set("Cache-Control", own).send("mine")],
      writeHead: [
        loginRequired(),
        (_req, res) => void res.writeHead(200, { "Cache-Control": own, Vary: "Accept-Language" }).end("mine"),
      ],
      chosen: [loginRequired(), (_req, res) => res.sendFile(file, { maxAge: "1h" })],
      unchosen: [loginRequired(), (_req, res) => res.sendFile(file)],
    });
    for (const name of ["before", "after", "writeHead"]) {
      expect(await user(name), name).to.deep.equal(["Accept-Language, Cookie", own]);
    }
    expect(await user("chosen"), "without public").to.deep.equal(["Cookie", "private, max-age=3600"]);
    expect(await user("unchosen"), "the default of sendFile is replaced").to.deep.equal(["Cookie", PRIVATE]);
  });

  /** A Cache-Control that a handler or earlier middleware may set, and its value on a personal response. */
  const chosen: Array<[given: string, left: string]> = [
    ["public", "private"],
    ["public, max-age=60", "private, max-age=60"],
    ["max-age=60", "private, max-age=60"],
    ["Public,Max-Age=60,S-MaxAge=600, immutable", "private, Max-Age=60, immutable"],
    ["s-maxage=600", "private"],
    ["no-cache", "private, no-cache"],
    ['no-cache="a, private", max-age=1', 'private, no-cache="a, private", max-age=1'],
    ['private="set-cookie", max-age=60', "private, max-age=60"],
    [
      "must-revalidate, max-age=60, stale-while-revalidate=5",
      "private, must-revalidate, max-age=60, stale-while-revalidate=5",
    ],
    ["private, max-age=60", "private, max-age=60"],
    ["public, no-store", "public, no-store"],
    ["no-store", "no-store"],
    ["PRIVATE", "PRIVATE"],
    ["", "private"],
    ["x-private", "private, x-private"],
  ];
  /** Ways to set Cache-Control. */
  const says: Record<string, (app: express.Express, path: string, value: string, act: RequestHandler) => void> = {
    "by the handler": (app, path, value, act) =>
      app.get(path, act, (_req, res) => void res.set("Cache-Control", value).send("mine")),
    "by earlier middleware": (app, path, value, act) =>
      app.get(
        path,
        (_req, res, next) => {
          res.set("Cache-Control", value);
          next();
        },
        act,
        (_req, res) => void res.send("mine"),
      ),
    "in writeHead": (app, path, value, act) =>
      app.get(path, act, (_req, res) => void res.writeHead(200, { "Cache-Control": value }).end("mine")),
    "before a stream": (app, path, value, act) =>
      app.get(path, act, (_req, res) => {
        res.set("Cache-Control", value).write("mi");
        res.end("ne");
      }),
  };
  /** Reasons to keep a response out of shared caches. */
  const acts: Record<string, RequestHandler> = {
    "is personal": (_req, _res, next) => void currentUser().then(() => next(), next),
    "begins a session": (req, _res, next) => {
      req.session.note = "new";
      next();
    },
    "logs in": (req, _res, next) => void loginUser(req, people().ann).then(() => next(), next),
    "logs out": (req, _res, next) => void logoutUser(req).then(() => next(), next),
  };
  for (const [what, act] of Object.entries(acts)) {
    for (const [how, mount] of Object.entries(says)) {
      it(`keeps a response that ${what} out of shared caches, with Cache-Control set ${how}`, async () => {
        const { app } = site();
        for (const [n, [value]] of chosen.entries()) mount(app, `/${n}`, value, act);
        mount(app, "/plain", "public, max-age=60, s-maxage=5", (_req, _res, next) => next());
        const origin = await serve(app);
        const { cookie } = await send(origin, "POST /login/1");
        const given = what === "begins a session" || what === "logs in" ? {} : { cookie };
        for (const [n, [value, left]] of chosen.entries()) {
          const { status, headers } = await send(origin, `GET /${n}`, given);
          expect([status, headers["cache-control"]], value).to.eql([200, left]);
          if (what !== "is personal") expect(headers["set-cookie"], value).to.have.lengthOf(1);
        }
        const { headers } = await send(origin, "GET /plain", given);
        expect(headers["cache-control"], "a page for everybody").to.equal("public, max-age=60, s-maxage=5");
      });
    }
  }

  it(`sets ${PRIVATE} on a response that changes a cookie, if the application sets no header`, async () => {
    const { app } = site({ session: { rolling: true }, remember: { mode: "stateless" } });
    app.get("/look", (req, res, next) => void currentUser(req).then(() => res.send("looked"), next));
    const origin = await serve(app);
    const { cookie } = await send(origin, "POST /login/1", { json: { remember: true } });
    const answers = {
      rolled: await send(origin, "GET /public", { cookie }),
      begun: await send(origin, "POST /note/a"),
      removed: await send(origin, "GET /look", { cookie: "remember=forged" }),
    };
    for (const [what, { headers }] of Object.entries(answers)) {
      expect(headers["set-cookie"], what).to.have.lengthOf(1);
      expect(headers["cache-control"], what).to.equal(PRIVATE);
    }
  });

  it("removes headers for shared caches from a personal response, unless they say no-store", async () => {
    const names = [
      ...["CDN-Cache-Control", "Cloudflare-CDN-Cache-Control", "Vercel-CDN-Cache-Control", "Surrogate-Control"],
      ...["Edge-Control", "X-Accel-Expires"],
    ];
    const { app } = site();
    const say = (value: string): RequestHandler => {
      return (_req, res, next) => {
        for (const name of names) res.set(name, value);
        next();
      };
    };
    const end: RequestHandler = (_req, res) => void res.send("page");
    for (const value of ["max-age=600", "no-store"]) {
      const head = Object.fromEntries(names.map((name) => [name, value]));
      const writeHead: RequestHandler = (_req, res) => void res.writeHead(200, head).end("page");
      const list: RequestHandler = (_req, res) => void res.writeHead(200, Object.entries(head).flat()).end("page");
      app.get(`/head/${value}`, loginRequired(), writeHead);
      app.get(`/list/${value}`, loginRequired(), list);
      app.get(`/both/${value}`, say(value), loginRequired(), writeHead);
      app.get(`/mine/${value}`, say(value), loginRequired(), end);
      app.get(`/all/${value}`, say(value), end);
    }
    const origin = await serve(app);
    const { cookie } = await send(origin, "POST /login/1");
    const left = async (path: string) => {
      const { headers } = await send(origin, `GET ${path}`, { cookie });
      return names.filter((name) => headers[name.toLowerCase()] !== undefined);
    };
    for (const how of ["mine", "head", "list", "both"]) {
      expect(await left(`/${how}/max-age=600`), how).to.eql([]);
      expect(await left(`/${how}/no-store`), how).to.eql(names);
    }
    expect(await left("/all/max-age=600")).to.eql(names);
  });

  const almost: Record<string, string> = {
    "max-age=600; private": "private, max-age=600; private",
    "public; max-age=600": "private",
    'max-age=600, ext="a, private"': 'private, max-age=600, ext="a, private"',
    'max-age=600, ext="\\", private"': 'private, max-age=600, ext="\\", private"',
    'max-age=600, ext="a, private': 'private, max-age=600, ext="a, private',
    'max-age=600, private="X-Name"': "private, max-age=600",
    "max-age=600, private": "max-age=600, private",
  };
  for (const [said, told] of Object.entries(almost)) {
    it(`parses the directives on a personal response: ${said}`, async () => {
      const { user } = await answers({
        page: [loginRequired(), (_req, res) => void res.set("Cache-Control", said).send("page")],
      });
      expect(await user("page")).to.eql(["Cookie", told]);
    });
  }

  it("leaves Vary: * unchanged", async () => {
    const { app } = site();
    app.get(
      "/star",
      loginRequired(),
      (_req, res) => void res.set({ Vary: "*", "Cache-Control": "public" }).send("mine"),
    );
    const origin = await serve(app);
    const { cookie } = await send(origin, "POST /login/1");
    const { headers } = await send(origin, "GET /star", { cookie });
    expect([headers.vary, headers["cache-control"]]).to.eql(["*", "private"]);
  });

  it("works with a second init in a mounted application", async () => {
    const { app, login } = site();
    const inner = express();
    login.init(inner);
    inner.get("/public", (_req, res) => void res.send("hello"));
    inner.get("/me", loginRequired(), (_req, res) => void res.send("me"));
    app.use("/inner", inner);
    const origin = await serve(app);
    const { cookie } = await send(origin, "POST /login/1");
    expect((await send(origin, "GET /inner/public", { cookie })).headers.vary).to.equal(undefined);
    expect((await send(origin, "GET /inner/me", { cookie })).headers.vary).to.equal("Cookie");
  });

  it(`never serves one user's page to another from a shared cache: 0 of ${CACHED} requests`, async () => {
    const { app } = site();
    app.get("/greeting", async (_req, res) => {
      const user = (await currentUser()) as { name?: string };
      res.send(user.name ?? "nobody");
    });
    const origin = await serve(app);
    const people = [undefined, "1", "2"];
    const cookies = await Promise.all(
      people.map(async (id) => (id ? (await send(origin, `POST /login/${id}`)).cookie : undefined)),
    );
    const cache = new Map<string, { vary: string | undefined; cookie: string | undefined; text: string }>();
    let hits = 0;
    const right = await countTrials(CACHED, async (n) => {
      const [who, path] = [n % 3, n % 2 ? "/greeting" : "/public"];
      const kept = cache.get(path);
      if (kept && (kept.vary !== "Cookie" || kept.cookie === cookies[who])) {
        hits++;
        return kept.text === (path === "/public" ? "hello" : ["nobody", "Ann", "Bob"][who]);
      }
      const { text, headers } = await send(origin, `GET ${path}`, cookies[who] ? { cookie: cookies[who] } : {});
      if (!headers["cache-control"]) cache.set(path, { vary: headers.vary, cookie: cookies[who], text });
      return text === (path === "/public" ? "hello" : ["nobody", "Ann", "Bob"][who]);
    });
    expect(right).to.equal(CACHED);
    expect(hits).to.be.above(CACHED / 2);
  });
});
