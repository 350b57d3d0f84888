import { expect } from "chai";
import type { ErrorRequestHandler } from "express";
import { send, sidIn } from "../support/raw-client.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";

describe("session options", () => {
  it("genid creates all session ids, including the ids of logins", async () => {
    let made = 0;
    const { app } = site({ session: { genid: () => `id-${++made}` } });
    const origin = await serve(app);
    const visitor = await send(origin, "POST /note/x");
    expect(sidIn(visitor.cookie)).to.equal("id-1");
    const { cookie } = await send(origin, "POST /login/1", { cookie: visitor.cookie });
    expect(sidIn(cookie)).to.match(/^id-[2-9]$/);
    expect((await send(origin, "GET /me", { cookie })).status).to.equal(200);
  });

  for (const wrong of ["", 7, null, undefined, {}, Promise.resolve("id")]) {
    const value = wrong instanceof Promise ? "a promise" : JSON.stringify(wrong);
    it(`genid causes an error with the name of the option if it returns ${value}`, async () => {
      const { app, store } = site({ session: { genid: () => wrong as string } });
      app.use(((error, _req, res, _next) => res.status(500).json(error.message)) as ErrorRequestHandler);
      const origin = await serve(app);
      const { status, text: body, cookie } = await send(origin, "POST /login/1");
      expect([status, cookie, store.calls.filter((verb) => verb === "create")]).to.eql([500, "", []]);
      expect(body).to.include("session.genid").and.include("non-empty string");
    });
  }

  it("unset decides whether a session that is set to null ends or stays unchanged", async () => {
    for (const [unset, status] of [
      ["destroy", 401],
      ["keep", 200],
    ] as const) {
      const { app } = site({ session: { unset } });
      app.post("/null", (req, res) => {
        req.session = null as never;
        res.send("null");
      });
      const origin = await serve(app);
      const { cookie } = await send(origin, "POST /login/1");
      await send(origin, "POST /null", { cookie });
      expect((await send(origin, "GET /me", { cookie })).status, unset).to.equal(status);
    }
  });
});
