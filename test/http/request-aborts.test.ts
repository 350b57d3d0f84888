import { Agent, type RequestListener, request } from "node:http";
import { expect } from "chai";
import { Gate } from "../support/barrier.js";
import { countTrials, send } from "../support/raw-client.js";
import { storedSessions } from "../support/records.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";
import { trials } from "../support/trials.js";
import { expectNoUnhandledRejections } from "../support/unhandled.js";

const ABORTS = trials(1000, 200);

/** Sends a request, and hangs up when `when` resolves. */
function hangingUp(origin: string, path: string, cookie: string, when: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    const sent = request(origin + path, { method: "POST", headers: { cookie }, agent: new Agent() });
    sent.on("error", () => {});
    sent.on("close", resolve);
    sent.end();
    void when.then(() => sent.destroy());
  });
}

/** Serves an application. `hungUp(count)` waits until the server notices that `count` clients hung up. */
async function noticing(app: RequestListener, path: string) {
  let closed = 0;
  const origin = await serve((req, res) => {
    if (req.url === path) res.on("close", () => void closed++);
    app(req, res);
  });
  const hungUp = async (count: number) => {
    while (closed < count) await new Promise((resolve) => setImmediate(resolve));
  };
  return { origin, hungUp };
}

describe("a client that hangs up", () => {
  expectNoUnhandledRejections();

  it(`R-19: does not interrupt a login: ${ABORTS} of ${ABORTS} logins are complete`, async () => {
    const { app, store, login } = site();
    const { origin, hungUp } = await noticing(app, "/login/1");
    const whole: string[] = [];
    login.on("loggedIn", () => void whole.push("in"));
    let gate = new Gate();
    store.before = (verb) => (verb === "create" ? gate.pass() : undefined);
    for (let n = 0; n < ABORTS; n += 20) {
      gate = new Gate();
      const arrived = gate.arrived(20);
      const gone = Array.from({ length: 20 }, () => hangingUp(origin, "/login/1", "", arrived));
      await Promise.all(gone);
      await hungUp(n + 20);
      gate.open();
    }
    store.before = () => undefined;
    while (whole.length < ABORTS) await new Promise((resolve) => setImmediate(resolve));
    const records = await storedSessions(store.inner, "1");
    expect(records).to.have.lengthOf(ABORTS);
    expect(records.filter(({ data }) => (data.auth as { pending?: true }).pending)).to.eql([]);
    expect((await send(origin, "POST /login/2")).status).to.equal(200);
  });

  it(`R-19: does not interrupt a handler: ${ABORTS} of ${ABORTS} changes of a session are saved`, async () => {
    const { app, store } = site();
    let gate = new Gate();
    let handled = 0;
    app.post("/slow", async (req, res) => {
      const before = (req.session.count ?? 0) + 1;
      await gate.pass();
      req.session.count = before;
      req.session.save(() => void handled++);
      res.send("late");
    });
    app.get("/count", (req, res) => void res.json(req.session.count ?? 0));
    const { origin, hungUp } = await noticing(app, "/slow");
    const cookies: string[] = [];
    await countTrials(20, async () => cookies.push((await send(origin, "POST /login/1")).cookie) > 0);
    for (let n = 0; n < ABORTS; n += 20) {
      gate = new Gate();
      const arrived = gate.arrived(20);
      const before = handled;
      await Promise.all(cookies.map((cookie) => hangingUp(origin, "/slow", cookie, arrived)));
      await hungUp(n + 20);
      gate.open();
      while (handled < before + 20) await new Promise((resolve) => setImmediate(resolve));
    }
    for (const cookie of cookies) {
      expect((await send(origin, "GET /me", { cookie })).status).to.equal(200);
      expect((await send(origin, "GET /count", { cookie })).text).to.equal(String(ABORTS / 20));
    }
    expect(await store.countOf("1")).to.equal(20);
  });
});
