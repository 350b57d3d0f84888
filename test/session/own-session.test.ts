import { expect } from "chai";
import { MemoryStore } from "latchkey";
import sinon from "sinon";
import { apiClient } from "../support/browser.js";
import { send } from "../support/raw-client.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";
import { twoKinds } from "../support/two-kinds.js";

describe("a request whose session id the application replaced with an invalid value", () => {
  for (const [name, bogus] of Object.entries({ "a function": () => {}, "a number": 7, undefined, null: null })) {
    for (const unset of ["keep", "destroy"] as const) {
      it(`saves nothing and sets no cookie if the id is ${name} and unset is ${unset}`, async () => {
        const { app, store } = site({ session: { unset } });
        app.post("/bogus", (req, res) => {
          req.session.note = "lost";
          req.sessionID = bogus as never;
          res.send("answered");
        });
        app.post("/first", (req, res) => {
          req.sessionID = bogus as never;
          req.session.note = "lost";
          res.send("answered");
        });
        app.post("/unset", (req, res) => {
          req.session.note = "lost";
          req.sessionID = bogus as never;
          req.session = null as never;
          res.send("answered");
        });
        const origin = await serve(app);
        const { cookie } = await send(origin, "POST /note/kept");
        store.calls = [];
        for (const path of ["/bogus", "/first", "/unset"]) {
          for (const sent of [undefined, cookie]) {
            const { status, text, headers } = await send(origin, `POST ${path}`, sent ? { cookie: sent } : {});
            expect([status, text, headers["set-cookie"]]).to.eql([200, "answered", undefined]);
          }
        }
        expect(store.calls).to.eql(["read", "read", "read"]);
        expect((await send(origin, "GET /note", { cookie })).text).to.equal('"kept"');
      });
    }
  }
});

describe("a response that begins before the store has answered", () => {
  for (const kind of ["customer", "staff"] as const) {
    it(`does not end the session of the ${kind} with unset: destroy`, async () => {
      const stores = { customers: new MemoryStore(), staff: new MemoryStore() };
      let giveUp: (() => void) | undefined;
      const { app } = twoKinds(stores, { session: { unset: "destroy" } }, (application, managers) => {
        application.use((req, res, next) => {
          if (req.get("x-impatient")) giveUp = () => void res.status(503).send("too slow");
          next();
        });
        for (const manager of managers) manager.init(application);
        application.use((_req, res, next) => {
          if (!res.headersSent) next();
        });
      });
      const client = apiClient(await serve(app));
      await client.post("/customer/login/1");
      await client.post("/staff/login/2");
      const store = kind === "staff" ? stores.staff : stores.customers;
      const read = sinon.stub(store, "read").callsFake(async (id) => {
        giveUp?.();
        await new Promise((resolve) => setImmediate(resolve));
        return read.wrappedMethod.call(store, id);
      });
      expect((await client.get("/who", { headers: { "x-impatient": "yes" } })).text).to.equal("too slow");
      giveUp = undefined;
      expect((await client.get("/who")).json()).to.eql({ customer: "customer 1", staff: "staff 2" });
    });
  }
});
