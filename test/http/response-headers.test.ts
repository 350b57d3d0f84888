import { expect } from "chai";
import { currentUser } from "latchkey";
import { send } from "../support/raw-client.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";

type Headers = string[] | Array<[string, string]> | Record<string, string>;

describe("headers that the application passes to writeHead", () => {
  for (const [how, headers] of Object.entries({
    "one list": ["X-One", "1", "Content-Type", "text/plain", "X-Two", "2"],
    "a list of pairs": [
      ["X-One", "1"],
      ["Content-Type", "text/plain"],
      ["X-Two", "2"],
    ],
    "an object": { "X-One": "1", "Content-Type": "text/plain", "X-Two": "2" },
  } as Record<string, Headers>)) {
    it(`CVE-2025-7339: all arrive, together with latchkey's headers, if passed as ${how}`, async () => {
      const { app } = site();
      app.disable("x-powered-by"); // Node accepts a list of pairs only if no header is set
      app.get("/head", async (req, res) => {
        await currentUser();
        req.session.note = "changed";
        res.writeHead(201, headers as never).end("text");
      });
      const origin = await serve(app);
      const { cookie } = await send(origin, "POST /login/1");
      for (const given of [cookie, ""]) {
        const answer = await send(origin, "GET /head", { cookie: given });
        expect([answer.status, answer.text]).to.eql([201, "text"]);
        expect(answer.headers).to.include({ "x-one": "1", "x-two": "2", "content-type": "text/plain", vary: "Cookie" });
        expect(Object.keys(answer.headers).filter((name) => /^\d+$/.test(name))).to.eql([]);
        if (given) expect(answer.headers["cache-control"]).to.equal("private, no-store");
        else expect(answer.cookie).to.match(/^sid=/);
      }
    });
  }
});
