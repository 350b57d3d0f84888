import { expect } from "chai";
import sinon from "sinon";
import { faults, faultySite } from "../support/faulty-site.js";
import { countTrials, only, send } from "../support/raw-client.js";
import { trials } from "../support/trials.js";
import { expectNoUnhandledRejections } from "../support/unhandled.js";

describe("a store that sometimes fails, or responds late", () => {
  expectNoUnhandledRejections();
  afterEach(() => sinon.restore());

  it("R-8: at each touch: requests get 200, and the login ends at the idle timeout as if it were unused", async () => {
    const clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
    const { cookie, operations, origin, store, ...at } = await faultySite(faults.fails!, { idleTimeout: "10m" });
    const session = only("sid", cookie);
    at.break("touch");
    for (const minute of [3, 6, 9]) {
      clock.tick("03:00");
      expect((await send(origin, "GET /me", { cookie: session })).status, `after ${minute} minutes`).to.equal(200);
    }
    expect(operations()).to.deep.equal(["touch", "touch", "touch"]);
    clock.tick("01:01");
    expect((await send(origin, "GET /me", { cookie: session })).status).to.equal(401);
    expect(await store.countOf("1")).to.equal(0);
  });

  const requests = trials(5000, 5000, 1000);
  it("R-8: at a touch: the response does not wait for the touch", async () => {
    const clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
    let release!: () => void;
    const hanging = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { cookie, origin, ...at } = await faultySite(() => hanging, { storeTimeout: "1h" });
    const failed: string[] = [];
    at.login.on("storeFailed", ({ operation }) => failed.push(operation));
    clock.tick(61_000);
    at.break("touch");
    expect((await send(origin, "GET /me", { cookie })).status).to.equal(200);
    release();
    clock.tick(61_000);
    at.store.before = (verb) => (verb === "touch" ? Promise.reject(new Error("refused")) : undefined);
    expect((await send(origin, "GET /me", { cookie })).status).to.equal(200);
    expect(failed).to.deep.equal(["touch"]);
  });

  it(`in some of ${requests} requests: sends 200 if the session could be read, and otherwise 503`, async () => {
    const { cookie, origin, store } = await faultySite(faults.fails!);
    let calls = 0;
    let readWell = 0;
    store.before = (verb) => {
      const kind = Math.floor(calls++ / 7) % 3;
      if (kind === 1) return Promise.reject(new Error("down"));
      if (kind === 2 && calls % 5 === 0) throw new Error("down");
      if (verb === "read") readWell++;
      return undefined;
    };
    const seen = { 200: 0, 503: 0 };
    const quiet = await countTrials(requests, async () => {
      const { status, headers } = await send(origin, "GET /me", { cookie });
      seen[status as 200 | 503]++;
      return headers["set-cookie"] === undefined;
    });
    expect(quiet, "responses that set no cookie").to.equal(requests);
    expect(seen[200]).to.equal(readWell);
    expect(seen[503])
      .to.equal(requests - readWell)
      .and.be.above(requests / 5);
  });

  it("at the save: still removes a cookie that the handler removed", async () => {
    const { app, cookie, origin, ...at } = await faultySite(faults.fails!);
    app.get("/remove", (req, res) => {
      req.session.note = "x";
      res.clearCookie("sid").send("removed");
    });
    at.break("update");
    const { status, headers } = await send(origin, "GET /remove", { cookie });
    expect([status, headers["set-cookie"]]).to.deep.equal([
      503,
      ["sid=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT"],
    ]);
  });

  it("gets no write for session data that JSON cannot hold, and the response has status 500", async () => {
    const { app, cookie, origin, store } = await faultySite(faults.fails!);
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    for (const [path, value] of [
      ["/big", 1n],
      ["/circle", circle],
    ] as const) {
      app.get(path, (req, res) => {
        req.session.note = value as never;
        res.send("x");
      });
      store.calls = [];
      expect((await send(origin, `GET ${path}`, { cookie })).status).to.equal(500);
      expect(store.calls).to.deep.equal(["read"]);
    }
    expect((await send(origin, "GET /me", { cookie })).status).to.equal(200);
  });
});
