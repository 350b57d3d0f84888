import { expect } from "chai";
import type { Express, Response } from "express";
import { expressVersions } from "../support/express.js";
import { exchange } from "../support/raw-exchange.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";

/** Returns what the handlers of two requests on one connection see right after they have ended their responses. */
async function seenAfterEnd(app: Express, change: (res: Response) => void): Promise<object[]> {
  const seen: object[] = [];
  app.get("/page", (_req, res) => {
    change(res);
    res.end("a page");
    const { writableEnded, writableFinished, writableLength } = res;
    seen.push({ writableEnded, writableFinished, isEmpty: writableLength === 0 });
  });
  app.get("/marker", (_req, res) => void res.set("X-Marker", "1").send("the marker"));
  const origin = await serve(app);
  await exchange(origin, ["GET /page"]);
  expect(seen.splice(1)).to.eql([]);
  await exchange(origin, ["GET /page", "GET /page"]);
  return seen;
}

describe("a response that has ended, while its session is saved", () => {
  for (const { name, express: make } of expressVersions) {
    it(`looks as finished as it does without latchkey, on ${name}`, async () => {
      const plain = make();
      plain.disable("x-powered-by");
      const expected = await seenAfterEnd(plain, () => {});
      const { app } = site({}, undefined, make);
      const seen = await seenAfterEnd(app, ({ req }) => {
        req.session.note = "new";
      });
      expect(seen).to.eql(expected);
      expect(expected[0]).to.eql({ writableEnded: true, writableFinished: true, isEmpty: true });
      expect(expected[2]).to.eql({ writableEnded: true, writableFinished: false, isEmpty: false });
    });
  }
});
