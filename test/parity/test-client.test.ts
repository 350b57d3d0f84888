import { expect } from "chai";
import { type LoginAsOptions, loginAs } from "latchkey/testing";
import { NOBODY, site, type Who } from "./support.js";

describe("parity: loginAs for tests", () => {
  it("is needed for a client to be anybody", async () => {
    const { visitor } = await site();
    expect(await visitor.who()).to.deep.equal(NOBODY);
  });

  const logins: Array<[LoginAsOptions, Partial<Who>]> = [
    [{}, { name: "Ann", authenticated: true, fresh: true, remembered: false }],
    [{ fresh: false }, { name: "Ann", authenticated: true, fresh: false, remembered: false }],
    [{ remember: true }, { name: "Ann", authenticated: true, fresh: false, remembered: true }],
  ];

  it("logs in freshly, or not, or by a remember cookie", async () => {
    const { login, visitor, ann } = await site();
    for (const [options, expected] of logins) {
      expect(await visitor.who({ cookie: await loginAs(login, ann, options) })).to.deep.equal(expected);
    }
  });

  it("is not hindered by session protection", async () => {
    for (const sessionProtection of [false, "basic", "strong"] as const) {
      const { login, visitor, ann } = await site({ sessionProtection });
      for (const [options, expected] of logins) {
        expect(await visitor.who({ cookie: await loginAs(login, ann, options) })).to.deep.equal(expected);
      }
    }
  });

  it("makes a session that a request leaves as it is", async () => {
    const { login, visitor, bob } = await site({ sessionProtection: "basic" });
    const answer = await visitor.get("/who", { headers: { cookie: await loginAs(login, bob, { fresh: false }) } });
    expect(answer.json()).to.include({ name: "Bob" });
    expect(answer.cookies).to.deep.equal([]);
  });
});
