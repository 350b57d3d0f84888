import { expect } from "chai";
import { setCookie, siteOf } from "../express-session/middlewares.js";
import { SECRET } from "../support/people.js";

const NEW = "the new secret of both, 32 characters or more";
const kinds = ["express-session", "latchkey"] as const;

describe("the session cookie of express-session and of latchkey", () => {
  for (const theirs of kinds) {
    const ours = kinds.find((kind) => kind !== theirs)!;

    for (const sid of ["apple", "a.b", "%", "ü+/=", "x".repeat(64)]) {
      it(`has exactly the same value from ${theirs} and from ${ours} for the id ${sid}`, async () => {
        const made = await (await siteOf(theirs, { genid: () => sid })).visit();
        const at = await siteOf(ours, { genid: () => sid });
        expect(setCookie(await at.visit())!.value).to.equal(setCookie(made)!.value);
      });
    }

    it(`made by ${theirs} opens the session in ${ours} unless ${ours} has dropped the secret that signed it`, async () => {
      const made = await (await siteOf(theirs, { genid: () => "apple" })).visit();
      for (const secret of [SECRET, [NEW, SECRET], NEW]) {
        const ids = ["apple", "other"];
        const at = await siteOf(ours, { secret, genid: () => ids.shift()! }, ({ session }, res) => {
          session.count = (session.count ?? 0) + 1;
          res.end(String(session.count));
        });
        await at.visit();
        const found = (await at.visit(made.cookie)).text;
        expect(found).to.equal(secret === NEW ? "1" : "2");
      }
    });
  }
});
