import { expect } from "chai";
import { currentUser } from "latchkey";
import { apiClient } from "./support/browser.js";
import { send } from "./support/raw-client.js";
import { serve } from "./support/server.js";
import { site } from "./support/site.js";

async function quietSite() {
  const made = site();
  return { ...made, client: apiClient(await serve(made.app)) };
}

describe("a listener", () => {
  it("that throws or rejects causes a warning, but the request and the other listeners succeed", async () => {
    const { client, login, ann } = await quietSite();
    const warnings: Error[] = [];
    const warned = new Promise<void>((resolve) => {
      process.on("warning", function hear(warning) {
        if (warning.name !== "LatchkeyListenerWarning" || warnings.push(warning) < 3) return;
        process.off("warning", hear);
        resolve();
      });
    });
    const heard: object[] = [];
    // biome-ignore lint/suspicious/noThenProperty: query builders also have a then method
    const thenable = { then: (_: unknown, reject: (reason: unknown) => void) => reject("the third") };
    login.on("loggedIn", () => {
      throw new Error("the first");
    });
    login.on("loggedIn", async () => Promise.reject(new Error("the second")));
    login.on("loggedIn", () => thenable);
    login.on("loggedIn", ({ user }) => heard.push(user));

    const answer = await client.post("/login/1");
    expect([answer.status, answer.text]).to.eql([200, "true"]);
    await warned;
    expect(heard).to.eql([ann]);
    expect((await client.get("/me")).status).to.equal(200);
    const told = warnings.map(({ message }) => message.split("\n", 1)[0]).sort();
    expect(told).to.eql(
      ["Error: the first", "Error: the second", "the third"].map(
        (reason) => `a listener of loggedIn failed: ${reason}`,
      ),
    );
  });

  it("that never resolves does not delay the response", async () => {
    const { client, login } = await quietSite();
    login.on("loggedIn", () => new Promise(() => {}));
    expect((await client.post("/login/1")).text).to.equal("true");
  });

  for (const event of ["userAccessed", "sessionProtected"] as const) {
    it(`of ${event} can load the user, and its event is emitted only once`, async () => {
      const { app, login, ann } = site();
      const users: object[] = [];
      let calls = 0;
      login.on(event, async ({ req }) => {
        calls++;
        users.push(await currentUser(req));
      });
      const origin = await serve(app);
      const { cookie } = await send(origin, "POST /login/1", { headers: { "user-agent": "Browser/1" } });
      const me = await send(origin, "GET /me", { cookie, headers: { "user-agent": "Browser/2" } });
      expect(me.status).to.equal(200);
      expect([calls, users]).to.eql([1, [ann]]);
    });
  }

  it("is called in the order of registration, on every event, until it is removed", async () => {
    const { client, login } = await quietSite();
    const calls: string[] = [];
    const first = () => calls.push("first");
    const second = () => {
      calls.push("second");
      login.off("loggedIn", second);
    };
    const third = () => calls.push("third");
    const chained = login.on("loggedIn", first).on("loggedIn", second).on("loggedIn", third).off("loggedOut", first);
    expect(chained).to.equal(login);
    await client.post("/login/1");
    expect(calls).to.eql(["first", "second", "third"]);
    await client.post("/login/1");
    expect(calls.splice(0)).to.eql(["first", "second", "third", "first", "third"]);
    login.off("loggedIn", first).off("loggedIn", third);
    await client.post("/login/1");
    expect(calls).to.eql([]);
  });

  it("receives only the events of its own manager", async () => {
    const [one, other] = [await quietSite(), await quietSite()];
    const heard: string[] = [];
    one.login.on("loggedIn", () => heard.push("one"));
    other.login.on("loggedIn", () => heard.push("other"));
    await one.client.post("/login/1");
    expect(heard).to.eql(["one"]);
  });
});
