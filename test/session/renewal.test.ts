import { expect } from "chai";
import { Gate } from "../support/barrier.js";
import { only, send } from "../support/raw-client.js";
import { visit } from "../support/remembering.js";

/** Logs Ann in with a remember cookie, and returns both cookies. */
const logIn = async (origin: string) => (await send(origin, "POST /login/1", { json: { remember: true } })).cookie;

const renewing = { remember: { mode: "stateless", refreshEachRequest: true } } as const;

describe("a remember cookie that each response renews", () => {
  it("is renewed only together with the session of the same login", async () => {
    const { origin } = await visit(renewing);
    const ann = await logIn(origin);
    const bob = (await send(origin, "POST /login/2", { json: { remember: true } })).cookie;
    const renewed = async (cookie: string) =>
      ((await send(origin, "GET /public", { cookie })).headers["set-cookie"] ?? []).map((one) => one.split("=")[0]);
    expect(await renewed(ann)).to.eql(["remember"]);
    expect(await renewed(`${only("sid", ann)}; ${only("remember", bob)}`)).to.eql([]);
    expect(await renewed(only("remember", ann))).to.eql([]);
  });

  it("is not renewed after another request ends the login, even if this request does not use the session", async () => {
    const { app, origin } = await visit(renewing);
    const gate = new Gate();
    app.get("/late", async (_req, res) => {
      await gate.pass();
      res.send("late");
    });
    const cookie = await logIn(origin);
    const late = send(origin, "GET /late", { cookie });
    await gate.arrived();
    await send(origin, "POST /logout", { cookie });
    gate.open();
    const answered = await late;
    expect([answered.status, answered.headers["set-cookie"]]).to.eql([200, undefined]);
  });

  it("is not sent if an error replaces the response", async () => {
    const { app, origin, store } = await visit(renewing);
    app.get("/lost", (req, res) => {
      req.session.note = "lost";
      res.send("done");
    });
    const cookie = await logIn(origin);
    store.before = (verb) => (verb === "update" ? Promise.reject(new Error("down")) : undefined);
    const lost = await send(origin, "GET /lost", { cookie });
    expect([lost.status, lost.headers["set-cookie"]]).to.eql([503, undefined]);
  });
});
