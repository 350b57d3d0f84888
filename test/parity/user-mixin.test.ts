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
  it("are active, authenticated and not anonymous by default", () => {
    const user = new Numbered(1);
    expect([user.isActive, user.isAuthenticated, user.isAnonymous]).to.deep.equal([true, true, false]);
  });

  it("return their id as a string", () => {
    expect(new Numbered(1).getId()).to.equal("1");
  });

  it("must have an id", () => {
    expect(() => new Named("Ann").getId()).to.throw(UserIdError);
  });

  it("equal only a user with the same id", () => {
    const user = new Numbered(1);
    expect(user.equals(new Numbered(1))).to.equal(true);
    expect(user.equals(new Numbered(2))).to.equal(false);
    expect(user.equals("1")).to.equal(false);
    expect(user.equals(null)).to.equal(false);
  });

  it("are inactive and have no id if they are anonymous", () => {
    const user = new AnonymousUser();
    expect([user.isActive, user.isAuthenticated, user.isAnonymous]).to.deep.equal([false, false, true]);
    expect(user.getId()).to.equal(null);
  });
});
