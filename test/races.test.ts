import { expect } from "chai";
import express from "express";
import expressSession from "express-session";
import { confirmLogin, currentUser, loginUser } from "latchkey";
import sinon from "sinon";
import { Gate } from "./support/barrier.js";
import { people } from "./support/people.js";
import { countTrials, send } from "./support/raw-client.js";
import { serve } from "./support/server.js";
import { site } from "./support/site.js";
import { WatchedStore } from "./support/watched-store.js";

const TRIALS = 1000;

/** What a request does to its session after another request has logged out. */
const lateWrites: Record<string, express.RequestHandler> = {
  "writes data": (req, res) => {
    req.session.note = "late";
    res.send("done");
  },
  "only touches": (_req, res) => void res.send("done"),
  "renews its cookie": (req, res) => {
    req.session.cookie.maxAge = 3_600_000;
    req.session.note = "late";
    res.send("done");
  },
  "saves before it answers": (req, res) => {
    req.session.note = "late";
    req.session.save((error?: { status: number }) => res.sendStatus(error?.status ?? 200));
  },
  "confirms its login": (req, res, next) => void confirmLogin(req).then(() => res.send("done"), next),
};

/** Gates by trial, and a middleware that waits at the trial's. */
function gates() {
  const byTrial = new Map<string, Gate>();
  const gate = (trial: string | number) => {
    const key = String(trial);
    if (!byTrial.has(key)) byTrial.set(key, new Gate());
    return byTrial.get(key)!;
  };
  const wait: express.RequestHandler = (req, _res, next) =>
    void gate(req.params.trial as string)
      .pass()
      .then(() => next());
  return { gate, wait };
}

describe("races", function () {
  this.timeout(120_000);
  afterEach(() => sinon.restore());

  for (const [what, handler] of Object.entries(lateWrites)) {
    it(`a request that ${what} after a logout: 0 of ${TRIALS} sessions come back`, async () => {
      const clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
      const { app, store } = site();
      const { gate, wait } = gates();
      app.post("/late/:trial", (_req, _res, next) => void currentUser().then(() => next(), next), wait, handler);
      const origin = await serve(app);
      const cookies: string[] = [];
      for (let n = 0; n < TRIALS; n++) cookies.push((await send(origin, "POST /login/1")).cookie);
      clock.tick(61_000); // a touch is due
      store.calls = [];

      const resurrected = await countTrials(TRIALS, async (trial) => {
        const cookie = cookies[trial]!;
        const late = send(origin, `POST /late/${trial}`, { cookie });
        await gate(trial).arrived();
        expect((await send(origin, "POST /logout", { cookie })).status).to.equal(200);
        gate(trial).open();
        const answer = await late;
        const replays = [cookie, ...(answer.cookie ? [answer.cookie] : [])];
        const statuses = await Promise.all(
          replays.map(async (one) => (await send(origin, "GET /me", { cookie: one })).status),
        );
        return statuses.some((status) => status !== 401);
      });
      expect(resurrected).to.equal(0);
      expect(await store.countOf("1")).to.equal(0);
      const lateVerb = { "only touches": "touch", "confirms its login": "destroy" }[what] ?? "update";
      expect(
        store.calls.filter((verb) => verb === lateVerb),
        "the late write was tried",
      ).to.have.lengthOf.at.least(TRIALS);
    });
  }

  it("the same trial brings 100 of 100 sessions back with express-session alone", async () => {
    const app = express();
    const { gate, wait } = gates();
    app.use(expressSession({ secret: "s", resave: false, saveUninitialized: false }));
    app.post("/login", (req, res) => {
      req.session.note = "ann";
      res.send("in");
    });
    app.post("/logout", (req, res) => void req.session.destroy(() => res.send("bye")));
    app.post("/late/:trial", wait, (req, res) => {
      req.session.note += ", late";
      res.send("done");
    });
    app.get("/me", (req, res) => void res.sendStatus(req.session.note ? 200 : 401));
    const origin = await serve(app);
    const resurrected = await countTrials(100, async (trial) => {
      const { cookie } = await send(origin, "POST /login");
      const late = send(origin, `POST /late/${trial}`, { cookie });
      await gate(trial).arrived();
      await send(origin, "POST /logout", { cookie });
      gate(trial).open();
      await late;
      return (await send(origin, "GET /me", { cookie })).status === 200;
    });
    expect(resurrected).to.equal(100);
  });

  it(`a redirect after a login, followed at once to another server, over a slow store: ${TRIALS} of ${TRIALS} logged in`, async () => {
    const store = new WatchedStore();
    store.before = () => new Promise((resolve) => setTimeout(resolve, Math.random() * 4));
    const { ann, load } = people();
    const [first, second] = [site({ store, userLoader: load }), site({ store, userLoader: load })];
    first.app.post("/enter", async (req, res) => {
      await loginUser(req, ann);
      res.redirect("/me");
    });
    const [here, there] = [await serve(first.app), await serve(second.app)];
    const loggedIn = await countTrials(TRIALS, async () => {
      const entered = await send(here, "POST /enter", { atHeaders: true });
      const { status, text } = await send(there, `GET ${entered.headers.location}`, { cookie: entered.cookie });
      return entered.status === 302 && status === 200 && text.includes("Ann");
    });
    expect(loggedIn).to.equal(TRIALS);
  });

  it(`two people logging in at once from one anonymous session: 0 of ${TRIALS} mixed up, the anonymous one gone`, async () => {
    const { app, byId, store } = site();
    const { gate, wait } = gates();
    app.post(
      "/enter/:id/:trial",
      (req, _res, next) => {
        void req.session.note; // both have read it
        next();
      },
      wait,
      async (req, res) => {
        await loginUser(req, byId.get(req.params.id as string)!);
        await new Promise((resolve) => setImmediate(resolve));
        req.session.owner = req.params.id as string;
        res.send("in");
      },
    );
    app.get("/owner", async (req, res) => {
      const user = (await currentUser()) as { id?: string };
      res.json([user.id, req.session.owner, req.session.auth?.userId, req.session.note]);
    });
    const origin = await serve(app);
    const clean = await countTrials(
      TRIALS,
      async (trial) => {
        const { cookie } = await send(origin, `POST /note/${trial}`);
        const both = ["1", "2"].map((id) => send(origin, `POST /enter/${id}/${trial}`, { cookie }));
        await gate(trial).arrived(2);
        gate(trial).open();
        const owners = await Promise.all(
          both.map(async (answer) => (await send(origin, "GET /owner", { cookie: (await answer).cookie })).text),
        );
        const old = await send(origin, "GET /owner", { cookie });
        const expected = ["1", "2"].map((id) => JSON.stringify([id, id, id, String(trial)]));
        return owners.join() === expected.join() && old.text === "[null,null,null,null]";
      },
      16,
    );
    expect(clean).to.equal(TRIALS);
    const kept = await Promise.all(["1", "2"].map((id) => store.inner.listByUser(id)));
    expect(kept.map((sessions) => sessions.length)).to.deep.equal([TRIALS, TRIALS]);
    const mixed = kept.flat().filter(({ userId, data }) => data.owner !== userId);
    expect(mixed).to.have.lengthOf(0);
  });

  it("a confirmation that comes twice: one of the two wins, and the other leaves the winner's cookie alone (200 times)", async () => {
    const { app, store } = site();
    const { gate, wait } = gates();
    app.post(
      "/confirm/:trial",
      (_req, _res, next) => void currentUser().then(() => next(), next),
      wait,
      async (req, res) => {
        await confirmLogin(req);
        res.send("confirmed");
      },
    );
    const origin = await serve(app);
    const right = await countTrials(
      200,
      async (trial) => {
        const { cookie } = await send(origin, "POST /login/1");
        const both = [1, 2].map(() => send(origin, `POST /confirm/${trial}`, { cookie }));
        await gate(trial).arrived(2);
        gate(trial).open();
        const [won, lost] = (await Promise.all(both)).sort((a, b) => a.status - b.status) as [Answer, Answer];
        const me = await send(origin, "GET /me", { cookie: won.cookie });
        return (
          won.status === 200 && lost.status === 401 && lost.headers["set-cookie"] === undefined && me.status === 200
        );
      },
      16,
    );
    expect(right).to.equal(200);
    expect(await store.countOf("1")).to.equal(200);
  });
});

type Answer = Awaited<ReturnType<typeof send>>;

declare module "express-session" {
  interface SessionData {
    owner?: string;
  }
}
