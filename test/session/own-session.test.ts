import { expect } from "chai";
import { send } from "../support/raw-client.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";

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
