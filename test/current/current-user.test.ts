import { expect } from "chai";
import express, { type Request } from "express";
import {
  AnonymousUser,
  currentUser,
  LoginManager,
  loginRequired,
  loginUser,
  logoutUser,
  MiddlewareMissingError,
} from "latchkey";
import { Authorized, CurrentUser } from "latchkey/routing-controllers";
import { loginAs } from "latchkey/testing";
import { Controller, Get, Render, Req, Res, useExpressServer } from "routing-controllers";
import sinon from "sinon";
import { Browser } from "../support/browser.js";
import { type Person, people, SECRET } from "../support/people.js";
import { serve } from "../support/server.js";
import { withinRequest } from "../support/within-request.js";

function personApp(options: Partial<ConstructorParameters<typeof LoginManager<Person>>[0]> = {}) {
  const { load, ...persons } = people();
  const loader = sinon.spy((id: string, _req: Request) => load(id));
  const login = new LoginManager<Person>({ secret: SECRET, userLoader: loader, ...options });
  const app = express();
  login.init(app);
  return { ...persons, app, login, loader };
}

/** A browser in which this user is logged in. */
async function browserOf({ app, login }: Pick<ReturnType<typeof personApp>, "app" | "login">, user?: Person) {
  const browser = new Browser(await serve(app));
  if (user) browser.headers.cookie = await loginAs(login, user);
  return browser;
}

/** A template engine without files. A page contains only the name of the current user. */
class NamePage {
  path = "page";
  render(locals: { currentUser: { name?: string } }, done: (error: null, html: string) => void): void {
    done(null, locals.currentUser.name ?? "nobody");
  }
}

describe("currentUser", () => {
  it("returns the user with or without the request, even in a function called later", async () => {
    const made = personApp();
    const far = async () => {
      await new Promise(setImmediate);
      return currentUser();
    };
    made.app.get("/", async (req, res) => {
      const all = [await currentUser(req), await currentUser(), await far(), await made.login.currentUser(req)];
      res.json(all.map((user) => user === made.ann));
    });
    expect((await (await browserOf(made, made.ann)).get("/")).json()).to.eql([true, true, true, true]);
  });

  it("returns the same anonymous user during the whole request if nobody is logged in", async () => {
    const { one, again } = await withinRequest({}, async (req) => ({
      one: await currentUser(),
      again: await currentUser(req),
    }));
    expect(one).to.be.instanceOf(AnonymousUser).and.to.equal(again);
    expect(one).to.include({ isAuthenticated: false, isActive: false, isAnonymous: true });
    expect((one as AnonymousUser).getId()).to.equal(null);
  });

  it("rejects outside a request, and for a request that did not pass the middleware", async () => {
    const outside = await currentUser().catch((error) => error);
    expect(outside)
      .to.be.instanceOf(MiddlewareMissingError)
      .with.property("message")
      .that.includes("outside of a request");
    expect(outside).to.include({ code: "middleware_missing", status: 500, httpCode: 500 });
    const stray = await currentUser({ headers: {}, app: express() } as unknown as Request).catch((error) => error);
    expect(stray)
      .to.be.instanceOf(MiddlewareMissingError)
      .with.property("message")
      .that.includes("did not pass login.init");
  });

  it("loads the user once for each request, however often it is called", async () => {
    const made = personApp();
    made.app.set("view", NamePage);
    made.app.use(express.urlencoded());

    @Authorized()
    @Controller()
    class PageController {
      @Authorized("admin")
      @Get("/page")
      @Render("page")
      async show(@CurrentUser() user: Person, @CurrentUser() same: Person, @Req() req: Request) {
        const asked = await Promise.all([currentUser(), currentUser(req), made.login.currentUser(), currentUser()]);
        return { same: [same, ...asked, req.user].every((one) => one === user) };
      }

      @Get("/again")
      async again(@CurrentUser() user: Person, @Res() res: express.Response) {
        return res.send(user.name);
      }
    }
    useExpressServer(made.app, {
      controllers: [PageController],
      authorizationChecker: made.login.authorizationChecker,
      currentUserChecker: made.login.currentUserChecker,
    });
    const browser = await browserOf(made, made.ann);
    expect((await browser.get("/page")).text).to.equal("Ann");
    expect(made.loader.callCount).to.equal(1);
    expect((await browser.get("/again")).text).to.equal("Ann");
    expect(made.loader.callCount).to.equal(2);
    expect(made.loader.firstCall.args[0]).to.equal("1");
    expect(made.loader.firstCall.args[1]).to.have.property("originalUrl", "/page");
  });

  it("is available in every template, even if no handler loads the user", async () => {
    const made = personApp();
    made.app.set("view", NamePage);
    made.app.get("/page", (_req, res) => res.render("page"));
    made.app.get("/own", (_req, res) => res.render("page", { currentUser: { name: "given" } }));
    const [annas, nobodys] = [await browserOf(made, made.ann), await browserOf(made)];
    expect((await annas.get("/page")).text).to.equal("Ann");
    expect(made.loader.callCount).to.equal(1);
    expect((await nobodys.get("/page")).text).to.equal("nobody");
    expect((await annas.get("/own")).text).to.equal("given");
  });

  it("rejects for all callers if the loader fails, and loads the user again in the next request", async () => {
    const made = personApp();
    made.login.userLoader(
      sinon
        .stub()
        .onFirstCall()
        .rejects(new Error("no database"))
        .callsFake(() => made.ann) as () => Person,
    );
    made.app.get("/", async (_req, res) => {
      const asked = await Promise.allSettled([currentUser(), currentUser()]);
      res.json(asked.map(({ status }) => status));
    });
    const browser = await browserOf(made, made.ann);
    expect((await browser.get("/")).json()).to.eql(["rejected", "rejected"]);
    expect((await browser.get("/")).json()).to.eql(["fulfilled", "fulfilled"]);
  });
});

describe("req.user", () => {
  it("is set by currentUser(), changes at a login, and is removed at a logout", async () => {
    const made = personApp();
    const { app, ann, bob } = made;
    app.get("/", async (req, res) => {
      const seen: Array<Express.User | undefined> = [req.user];
      const note = () => seen.push(req.user);
      await currentUser();
      note();
      await loginUser(req, bob);
      note();
      expect(await currentUser()).to.equal(bob);
      await logoutUser(req);
      note();
      expect(await currentUser()).to.be.instanceOf(AnonymousUser);
      expect(req.user).to.equal(undefined);
      res.json(
        seen.map((user) => (user === ann ? "ann" : user === bob ? "bob" : user === undefined ? "none" : "other")),
      );
    });
    expect((await (await browserOf(made, ann)).get("/")).json()).to.eql(["none", "ann", "bob", "none"]);
  });

  it("is undefined for a logged-in user who is not active", async () => {
    const made = personApp();
    made.app.get("/", async (req, res) => {
      const user = await currentUser();
      res.json([user === made.cid, req.user === undefined]);
    });
    expect((await (await browserOf(made, made.cid)).get("/")).json()).to.eql([true, true]);
  });

  it("is the user after a guard, with only one call of the loader", async () => {
    const made = personApp();
    made.app.get("/", loginRequired(), (req, res) => void res.json(req.user === made.ann));
    expect((await (await browserOf(made, made.ann)).get("/")).text).to.equal("true");
    expect(made.loader.callCount).to.equal(1);
  });
});
