import { expect } from "chai";
import { type LoginAsOptions, loginAs } from "latchkey/testing";
import { NOBODY, site, type Who } from "./support.js";

describe("parity: loginAs for tests", () => {
  it("is necessary for a client to have a user", async () => {
    const { visitor } = await site();
    expect(await visitor.who()).to.deep.equal(NOBODY);
  });

  const logins: Array<[LoginAsOptions, Partial<Who>]> = [
    [{}, { name: "Ann", authenticated: true, fresh: true, remembered: false }],
    [{ fresh: false }, { name: "Ann", authenticated: true, fresh: false, remembered: false }],
    [{ remember: true }, { name: "Ann", authenticated: true, fresh: false, remembered: true }],
  ];

  it("makes a fresh login, a login that is not fresh, or a remembered login", async () => {
    const { login, visitor, ann } = await site();
    for (const [options, expected] of logins) {
      expect(await visitor.who({ cookie: await loginAs(login, ann, options) })).to.deep.equal(expected);
    }
  });

  it("works with session protection", async () => {
    for (const sessionProtection of [false, "basic", "strong"] as const) {
      const { login, visitor, ann } = await site({ sessionProtection });
      for (const [options, expected] of logins) {
        expect(await visitor.who({ cookie: await loginAs(login, ann, options) })).to.deep.equal(expected);
      }
    }
  });

  it("makes a session that a request does not change", async () => {
    const { login, visitor, bob } = await site({ sessionProtection: "basic" });
    const answer = await visitor.get("/who", { headers: { cookie: await loginAs(login, bob, { fresh: false }) } });
    expect(answer.json()).to.include({ name: "Bob" });
    expect(answer.cookies).to.deep.equal([]);
  });
});
