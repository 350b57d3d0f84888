import { expect } from "chai";
import type { ErrorRequestHandler, Request, RequestHandler } from "express";
import expressSession from "express-session";
import { flash, logoutUser, type ResponseStartedError, takeFlashes } from "latchkey";
import { flashSite, Reader } from "../support/flash-site.js";
import { SECRET } from "../support/people.js";

/** A site whose store cannot create a session. Its error handler sends the result of `onError`. */
async function failing(onError?: (req: Parameters<ErrorRequestHandler>[1]) => unknown) {
  const at = await flashSite({}, (app) => {
    app.get("/lost", (req, res) => {
      req.session.note = "x";
      flash(req, "Saved");
      res.json(takeFlashes(req, { category: "old" }));
    });
    app.get("/lost-silently", (req, res) => {
      req.session.note = "x";
      res.send("done");
    });
    const answer: ErrorRequestHandler = (error, req, res, _next) => {
      res.status(error.status).json(onError?.(req) ?? null);
    };
    app.use(answer);
  });
  at.store.before = (verb) => (verb === "create" ? Promise.reject(new Error("down")) : undefined);
  await at.browser.get("/flash?message=Older&category=old");
  return at;
}

describe("flash messages when a 503 replaces the response", () => {
  it("stay unchanged: messages that were taken are kept, and new messages are dropped", async () => {
    const { browser } = await failing();
    const before = await browser.cookie("flash");
    const lost = await browser.get("/lost");
    expect([lost.status, lost.cookies]).to.eql([503, []]);
    expect(await browser.cookie("flash")).to.equal(before);
    expect(await browser.texts()).to.eql(["Older"]);
  });

  it("are shown only once if the error handler takes them", async () => {
    const { browser } = await failing((req) => takeFlashes(req));
    const lost = await browser.get("/lost");
    expect(lost.json()).to.eql([{ message: "Older", category: "old" }]);
    expect(lost.headers.get("cache-control")).to.equal("private, no-store");
    expect(await browser.texts()).to.eql([]);
  });

  it("are kept together with a message that the error handler flashes", async () => {
    const { browser } = await failing((req) => String(flash(req, "Try again later")));
    expect((await browser.get("/lost")).cookies).to.have.lengthOf(1);
    expect(await browser.texts()).to.eql(["Older", "Try again later"]);
  });

  it("are kept together with the error handler's message if the route flashes nothing", async () => {
    const { browser } = await failing((req) => String(flash(req, "Try again later")));
    expect((await browser.get("/lost-silently")).cookies).to.have.lengthOf(1);
    expect(await browser.texts()).to.eql(["Older", "Try again later"]);
  });
});

/** Ways for a request to lose its session although the login continues. */
const losses: Record<
  string,
  [options: Parameters<typeof flashSite>[0], mount: Parameters<typeof flashSite>[2], lose: RequestHandler]
> = {
  "an express-session that cannot be saved": [
    {},
    (login, app) => {
      app.use(expressSession({ secret: SECRET, resave: false, saveUninitialized: false }), login.middleware());
    },
    (req, res) => {
      const circle: Record<string, unknown> = {};
      circle.circle = circle;
      Object.assign(req.session, { circle });
      res.send("lost");
    },
  ],
  "a session that is set to null but cannot be deleted": [
    { session: { unset: "destroy" } },
    undefined,
    (req, res) => {
      req.session = null as never;
      res.send("lost");
    },
  ],
};

for (const [what, [options, mount, lose]] of Object.entries(losses)) {
  describe(`flash messages of a login whose request loses ${what}`, () => {
    async function losing(onError: (req: Request) => unknown, prepare: (req: Request) => unknown = () => {}) {
      const at = await flashSite(
        options,
        (app) => {
          app.get(
            "/lose",
            (req, _res, next) => {
              prepare(req);
              next();
            },
            lose,
          );
          app.use(((_error, req, res, _next) => res.status(500).json(onError(req) ?? null)) as ErrorRequestHandler);
        },
        mount,
      );
      at.store.before = (verb) => (verb === "destroy" ? Promise.reject(new Error("down")) : undefined);
      await at.browser.post("/login/1");
      return at;
    }

    it("are kept if the error handler is the first to read them", async () => {
      const { browser } = await losing((req) => takeFlashes(req));
      await browser.flash("for Ann");
      const lost = await browser.get("/lose");
      expect([lost.status, lost.json(), lost.cookies]).to.eql([500, [], []]);
      expect(await browser.texts()).to.eql(["for Ann"]);
    });

    for (const [when, prepare] of [
      ["and the route reads none", undefined],
      ["after the route reads messages", (req: Request) => takeFlashes(req, { category: "none" })],
    ] as const) {
      it(`are not shown to another user if the error handler flashes a message ${when}`, async () => {
        const { browser } = await losing((req) => String(flash(req, "Sorry, Ann")), prepare);
        for (const before of [[], ["for Ann"]]) {
          await browser.flash(...before);
          expect((await browser.get("/lose")).status).to.equal(500);
          const flashed = await browser.cookie("flash");
          const bob = new Reader(browser.origin);
          if (flashed) await bob.jar.setCookie(`flash=${flashed}`, browser.origin);
          await bob.post("/login/2");
          expect(await bob.texts()).to.eql([]);
        }
      });
    }
  });
}

describe("flash messages while the store is down", () => {
  it("are kept for their login, and pages are still shown", async () => {
    const { browser, store } = await flashSite({}, (app) => {
      app.get("/more", (req, res) => {
        flash(req, "More");
        res.send("flashed");
      });
    });
    await browser.post("/login/1");
    await browser.flash("Saved");
    store.before = (verb) => (verb === "read" ? Promise.reject(new Error("down")) : undefined);
    const look = await browser.get("/take");
    expect([look.status, look.json(), look.cookies]).to.eql([200, [], []]);
    expect((await browser.get("/more")).status).to.equal(200);
    store.before = () => undefined;
    expect(await browser.texts()).to.eql(["Saved", "More"]);
  });
});

describe("flash messages after the response has started", () => {
  it("cannot be set or taken: the error code is response_started, and stored messages are kept", async () => {
    const { browser } = await flashSite({}, (app) => {
      app.get("/late", (req, res) => {
        res.write("begun ");
        const codes = [() => flash(req, "Late"), () => takeFlashes(req)].map((call) => {
          try {
            call();
            return "none";
          } catch (error) {
            return (error as ResponseStartedError).code;
          }
        });
        res.end(codes.join(" "));
      });
    });
    await browser.flash("Hello");
    expect((await browser.get("/late")).text).to.equal("begun response_started response_started");
    expect(await browser.texts()).to.eql(["Hello"]);
  });

  it("do not stop a logout from ending the login", async () => {
    const { browser } = await flashSite({}, (app) => {
      app.get("/late", async (req, res) => {
        takeFlashes(req, { category: "other" });
        const work = logoutUser(req);
        res.send("bye");
        await work;
      });
    });
    await browser.post("/login/1");
    await browser.flash("Hello");
    expect((await browser.get("/late")).text).to.equal("bye");
    expect((await browser.get("/me")).status).to.equal(302);
  });
});

describe("flash messages that are not strings", () => {
  it("are rejected", async () => {
    const { browser } = await flashSite({}, (app) => {
      app.get("/wrong", (req, res) => {
        for (const given of [undefined, null, 1, {}, new Error("x")]) {
          expect(() => flash(req, given as string)).to.throw("flash: message: expected a string, not ");
          expect(() => flash(req, "text", (given ?? 0) as string)).to.throw("flash: category: expected a string, not ");
        }
        res.send("fine");
      });
    });
    expect((await browser.get("/wrong")).text).to.equal("fine");
  });
});
