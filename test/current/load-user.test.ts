import { expect } from "chai";
import { currentUser, loginUser, logoutUser } from "latchkey";
import { turns } from "../express-session/middlewares.js";
import { only, send } from "../support/raw-client.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";
import { WatchedStore } from "../support/watched-store.js";

/** A site whose routes ask for the user while a store call of `loginUser` or `logoutUser` waits. */
async function siteWithOverlap() {
  const store = new WatchedStore();
  const { app, bob } = site({ store });
  app.post("/during/:verb", async (req, res) => {
    const { call, fails } = req.query;
    const started = new Promise<void>((resolve) => {
      store.before = async (verb) => {
        if (verb === call) resolve();
        await turns(); // every call takes equally long, so the calls of the load and of the login alternate
        if (verb === call && fails) throw new Error("the store is down");
      };
    });
    const change = req.params.verb === "login" ? loginUser(req, bob) : logoutUser(req);
    const changed = change.then(
      () => "done",
      (error: { code: string }) => error.code,
    );
    await started;
    const asked = currentUser(req);
    const outcome = await changed;
    const users = [await asked, await currentUser(req), req.user] as Array<{ name?: string } | undefined>;
    res.json([outcome, ...users.map((user) => user?.name ?? null)]);
    store.before = () => undefined;
  });
  const origin = await serve(app);
  const login = await send(origin, "POST /login/1", { json: { remember: true } });
  return { origin, cookie: login.cookie };
}

describe("a load that starts while the request logs a user in or out", () => {
  it("waits for the login, and does not restore the browser's previous login", async () => {
    const { origin, cookie } = await siteWithOverlap();
    const remembered = only("remember", cookie);
    const answer = await send(origin, "POST /during/login?call=browser.read", { cookie: remembered });
    expect(JSON.parse(answer.text)).to.eql(["done", "Bob", "Bob", "Bob"]);
    const me = await send(origin, "GET /me", { cookie: answer.cookie });
    expect(JSON.parse(me.text)).to.eql({ name: "Bob", fresh: true, remembered: false });
  });

  it("waits for the logout, and finds no user", async () => {
    const { origin, cookie } = await siteWithOverlap();
    const answer = await send(origin, "POST /during/logout?call=destroy", { cookie });
    expect(JSON.parse(answer.text)).to.eql(["done", null, null, null]);
    expect((await send(origin, "GET /me", { cookie })).status).to.equal(401);
  });

  it("finds the previous user if the login fails", async () => {
    const { origin, cookie } = await siteWithOverlap();
    const answer = await send(origin, "POST /during/login?call=create&fails=1", { cookie });
    expect(JSON.parse(answer.text)).to.eql(["store_unavailable", "Ann", "Ann", "Ann"]);
  });
});
