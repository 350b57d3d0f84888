import { expect } from "chai";
import express from "express";
import { LoginManager, LoginRequiredError, loginRequired } from "latchkey";
import sinon from "sinon";
import { Browser } from "../support/browser.js";
import { people, SECRET } from "../support/people.js";
import { serve } from "../support/server.js";
import { reached, setUp, stages } from "../support/stages.js";

describe("challenge handlers", () => {
  for (const { name, build } of stages) {
    describe(`on ${name}`, () => {
      it("send their own response and run once", async () => {
        const handler = (status: number) => sinon.spy((_req, res) => void res.status(status).json({ status }));
        const handlers = { onUnauthorized: handler(418), onNeedsRefresh: handler(419), onForbidden: handler(420) };
        const { bob, as } = await setUp(build, { loginView: "/login", refreshView: "/confirm", ...handlers });
        const remembered = await as(bob, { remember: true });
        expect((await (await as()).get("/me")).json()).to.deep.equal({ status: 418 });
        expect((await remembered.get("/fresh")).json()).to.deep.equal({ status: 419 });
        expect((await remembered.get("/admin")).json()).to.deep.equal({ status: 420 });
        for (const { callCount } of Object.values(handlers)) expect(callCount).to.equal(1);
        expect(reached).to.be.empty;
      });

      it("never let a request through, whether they respond, throw, reject or call next", async () => {
        const failure = Object.assign(new Error("no"), { status: 451 });
        const later = () => new Promise((resolve) => setImmediate(resolve));
        for (const [status, onUnauthorized] of [
          [
            202,
            async (_req, res) => {
              await later();
              res.sendStatus(202);
            },
          ],
          [
            451,
            () => {
              throw failure;
            },
          ],
          [
            451,
            async () => {
              await later();
              throw failure;
            },
          ],
          [451, (_req, _res, next) => next(failure)],
          [
            451,
            (_req, _res, next) => {
              next(failure);
              throw new Error("again");
            },
          ],
          [
            451,
            (_req, _res, next) => {
              next(failure);
              next(failure);
              next();
            },
          ],
          [401, (_req, _res, next) => next()],
          [401, async (_req, _res, next) => setImmediate(next)],
        ] satisfies Array<[number, LoginManager["options"]["onUnauthorized"]]>) {
          const { as } = await setUp(build, { onUnauthorized });
          expect((await (await as()).get("/me")).status, String(onUnauthorized)).to.equal(status);
          expect(reached).to.be.empty;
        }
      });
    });
  }

  it("pass LoginRequiredError to the error handler if they call next without an argument", async () => {
    const { load } = people();
    const app = express();
    const pass = (_req: unknown, _res: unknown, next: () => void) => next();
    const login = new LoginManager({ secret: SECRET, userLoader: load, onUnauthorized: pass });
    login.init(app);
    const reasons: unknown[] = [];
    app.use("/all", loginRequired());
    app.use("/all", (_req, res) => void res.json("reached"));
    app.use((error: Error, _req: express.Request, res: express.Response, _next: express.NextFunction) => {
      reasons.push(error);
      res.sendStatus(400);
    });
    expect((await new Browser(await serve(app)).get("/all/of/it")).status).to.equal(400);
    expect(reasons[0]).to.be.instanceOf(LoginRequiredError);
  });

  it("cannot make the guard call next twice or return a promise", async () => {
    const { load } = people();
    const failure = new Error("no");
    const app = express();
    const login = new LoginManager({
      secret: SECRET,
      userLoader: load,
      onUnauthorized: async (_req, _res, next) => {
        next(failure);
        next();
        await Promise.reject(new Error("again"));
      },
    });
    login.init(app);
    const guard = loginRequired();
    const calls: unknown[] = [];
    app.get("/me", (req, res) => {
      const returned: unknown = guard(req, res, (error?: unknown) => void calls.push(error));
      setImmediate(() => res.json({ returned: returned === undefined }));
    });
    expect((await new Browser(await serve(app)).get("/me")).json()).to.deep.equal({ returned: true });
    expect(calls).to.deep.equal([failure]);
  });
});
