import { expect } from "chai";
import { confirmLogin, currentUser, loginUser } from "latchkey";
import { gates } from "../support/late-request.js";
import { people } from "../support/people.js";
import { countTrials, send, sidIn } from "../support/raw-client.js";
import { recordId, storedSessions } from "../support/records.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";
import { trials } from "../support/trials.js";
import { WatchedStore } from "../support/watched-store.js";

const TRIALS = trials(1000, 1000, 200);
const REDIRECTS = trials(1000, 200);
const SLOWEST = trials(300, 100);

describe("races", () => {
  it(`R-3: a login is stored before its redirect is sent, so another server accepts it (${REDIRECTS} times, store delay up to ${SLOWEST} ms)`, async () => {
    const store = new WatchedStore();
    store.before = () => new Promise((resolve) => setTimeout(resolve, Math.random() * SLOWEST));
    const { ann, load } = people();
    const [first, second] = [site({ store, userLoader: load }), site({ store, userLoader: load })];
    first.app.post("/enter", async (req, res) => {
      await loginUser(req, ann);
      res.redirect("/me");
    });
    const [here, there] = [await serve(first.app), await serve(second.app)];
    const loggedIn = await countTrials(REDIRECTS, async () => {
      const entered = await send(here, "POST /enter", { atHeaders: true });
      const isStored = (await store.inner.read(recordId("session", sidIn(entered.cookie)!))) !== null;
      const { status, text } = await send(there, `GET ${entered.headers.location}`, { cookie: entered.cookie });
      return isStored && entered.status === 302 && status === 200 && text.includes("Ann");
    });
    expect(loggedIn).to.equal(REDIRECTS);
  });

  it(`R-4: two concurrent logins from one anonymous session stay separate and end that session (${TRIALS} times)`, async () => {
    const { app, byId, store } = site();
    const { gate, wait } = gates();
    app.post(
      "/enter/:id/:trial",
      (req, _res, next) => {
        void req.session.note; // reads the session
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
    const kept = await Promise.all(["1", "2"].map((id) => storedSessions(store.inner, id)));
    expect(kept.map((sessions) => sessions.length)).to.deep.equal([TRIALS, TRIALS]);
    const mixed = kept.flat().filter(({ userId, data }) => data.owner !== userId);
    expect(mixed).to.have.lengthOf(0);
  });

  it("R-5: of two concurrent confirmations, one succeeds, and the other gets 401 and sets no cookie (200 times)", async () => {
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
