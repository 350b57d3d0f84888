import { expect } from "chai";
import type { Express } from "express";
import express from "express";
import { safeNext } from "latchkey";
import { expressVersions } from "../support/express.js";
import { send } from "../support/raw-client.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";

/** Texts that are not valid URLs. */
const MALFORMED = ["%", "%zz", "%00", "http://", "http://[::1", "https://%", "//", "///", "[]", "/%u0000", "/%80%"];
const QUERIES = [
  ...MALFORMED.flatMap((next) => [`next=${next}`, `next=${encodeURIComponent(next)}`]),
  ...["next=/a&next=/b", "next[]=/a", "next[a]=/a", "next[__proto__]=/a", "next[toString]=/a", "next[0]=/a&next[1]=/b"],
  ...["next", "next=", "NEXT=/a", "__proto__[next]=/a", "constructor[prototype][next]=/a", `next=${"/".repeat(9000)}`],
];
const BODIES = [
  ...[["/a"], ["/a", "/b"], { a: "/a" }, { toString: "/a" }, 1, true, null, [], {}, [["/a"]]].map((next) => ({ next })),
  ...[[], ["next"], {}],
];

describe("parameters that are repeated, nested or malformed", () => {
  for (const { name, express: make } of expressVersions) {
    it(`ASVS 15.3.7: an invalid next causes no error and never leaves the site on ${name} (CVE-2022-31093)`, async () => {
      const { app } = site({}, (login, made) => login.init(made), make as () => Express);
      app.set("query parser", "extended");
      const answer: express.RequestHandler = (req, res) => void res.json(safeNext(req, "/fallback"));
      app.post("/next", express.json({ strict: false }), express.urlencoded({ extended: true }), answer);
      const origin = await serve(app);
      for (const query of QUERIES) {
        const { status, text } = await send(origin, `POST /next?${query}`);
        expect([status, text], query.slice(0, 80)).to.be.deep.oneOf([
          [200, '"/fallback"'],
          [200, '"/%u0000"'],
          [200, '"/%80%"'],
          [200, '"/%00"'],
        ]);
      }
      for (const json of BODIES) {
        const { status, text } = await send(origin, "POST /next", { json });
        expect([status, text], JSON.stringify(json)).to.eql([200, '"/fallback"']);
      }
      expect((await send(origin, "POST /next?next=/a")).text).to.equal('"/a"');
      expect((await send(origin, "POST /next", { json: { next: "/a" } })).text).to.equal('"/a"');
      expect(Object.keys(Object.prototype)).to.eql([]);
    });
  }
});
