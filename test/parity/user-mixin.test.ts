import { expect } from "chai";
import { AnonymousUser, UserIdError, UserMixin } from "latchkey";

class Numbered extends UserMixin {
  constructor(readonly id: number) {
    super();
  }
}

class Named extends UserMixin {
  constructor(readonly name: string) {
    super();
  }
}

describe("parity: users", () => {
  it("are active and authenticated, and not anonymous, unless they say otherwise", () => {
    const user = new Numbered(1);
    expect([user.isActive, user.isAuthenticated, user.isAnonymous]).to.deep.equal([true, true, false]);
  });

  it("have their id as text", () => {
    expect(new Numbered(1).getId()).to.equal("1");
  });

  it("owe an id", () => {
    expect(() => new Named("Ann").getId()).to.throw(UserIdError);
  });

  it("equal who has the same id, and nothing else", () => {
    const user = new Numbered(1);
    expect(user.equals(new Numbered(1))).to.equal(true);
    expect(user.equals(new Numbered(2))).to.equal(false);
    expect(user.equals("1")).to.equal(false);
    expect(user.equals(null)).to.equal(false);
  });

  it("are nobody when anonymous", () => {
    const user = new AnonymousUser();
    expect([user.isActive, user.isAuthenticated, user.isAnonymous]).to.deep.equal([false, false, true]);
    expect(user.getId()).to.equal(null);
  });
});
