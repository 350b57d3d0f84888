import { expect } from "chai";
import { instanceToPlain } from "class-transformer";
import { AnonymousUser, UserIdError, UserMixin } from "latchkey";
import { passes } from "./support/one-user.js";

class User extends UserMixin {
  name = "Ann";
  constructor(readonly id: unknown) {
    super();
  }
}

describe("UserMixin", () => {
  it("makes users active, authenticated and not anonymous, and takes the id from the property id", () => {
    expect(new User(1)).to.include({ isActive: true, isAuthenticated: true, isAnonymous: false });
    expect(new User(12).getId()).to.equal("12");
    expect(Object.assign(new User(1), { isActive: false })).to.include({ isActive: false, isAuthenticated: false });
  });

  it("accepts strings, whole numbers and bigints as ids, and nothing else", () => {
    for (const [id, text] of [
      ["a-b", "a-b"],
      [0, "0"],
      [2 ** 31, "2147483648"],
      [2n ** 63n, "9223372036854775808"],
    ]) {
      expect(new User(id).getId()).to.equal(text);
    }
    const wrong = [
      undefined,
      null,
      "",
      {},
      [1],
      true,
      Symbol("id"),
      () => 1,
      "x".repeat(256),
      Number.NaN,
      1.5,
      Infinity,
      -0.5,
    ];
    for (const id of wrong) {
      expect(() => new User(id).getId(), String(id))
        .to.throw(UserIdError, /^the user's id is .+ \(override getId\(\), or set the option userId\)$/)
        .with.property("code", "invalid_user_id");
    }
    expect(() => new User("a secret that is far too long for an id".repeat(9)).getId())
      .to.throw(UserIdError)
      .with.property("message")
      .that.does.not.include("a secret");
  });

  it("compares users by the result of getId()", () => {
    class Other extends UserMixin {
      constructor(
        readonly company: string,
        readonly number: number,
      ) {
        super();
      }
      override getId() {
        return `${this.company}:${this.number}`;
      }
    }
    const acme = new Other("acme", 7);
    expect(acme.getId()).to.equal("acme:7");
    expect(acme.equals(new Other("acme", 7))).to.equal(true);
    expect(acme.equals(new Other("acme", 8))).to.equal(false);
    expect(new User(1).equals(new User("1"))).to.equal(true);
    expect(new User(1).equals(new User(2))).to.equal(false);
    for (const other of [null, undefined, 1, "1", {}, { id: 1 }, new AnonymousUser()]) {
      expect(new User(1).equals(other), String(other)).to.equal(false);
    }
  });

  it("adds no properties to the output of JSON.stringify and class-transformer", () => {
    const user = new User(1);
    expect(JSON.stringify(user)).to.equal('{"id":1,"name":"Ann"}');
    expect(instanceToPlain(user)).to.eql({ name: "Ann", id: 1 });
    expect({ ...user }).to.eql({ name: "Ann", id: 1 });
    expect(JSON.stringify(new AnonymousUser())).to.equal("{}");
    user.isActive = false;
    expect(JSON.stringify(user)).to.equal('{"id":1,"name":"Ann","isActive":false}');
  });

  it("an assignment to one user changes neither other users nor the base class", () => {
    const user = Object.assign(new User(1), { isActive: false, isAuthenticated: false, isAnonymous: true });
    expect(user).to.include({ isActive: false, isAuthenticated: false, isAnonymous: true });
    expect(new User(1)).to.include({ isActive: true, isAuthenticated: true, isAnonymous: false });
    class Base {
      isAnonymous = false;
    }
    const Mixed = UserMixin.with(Base);
    expect(Object.getOwnPropertyNames(Base.prototype)).to.eql(["constructor"]);
    expect(new (class extends Mixed {})()).to.include({ isActive: true, isAuthenticated: true });
  });

  it("keeps the static and own members of another base class", async () => {
    abstract class Base {
      static table = "users";
      constructor(readonly id: number) {}
      getId() {
        return `base:${this.id}`;
      }
      abstract greet(): string;
    }
    class Mixed extends UserMixin.with(Base) {
      greet() {
        return `${this.getId()} ${this.isActive}`;
      }
    }
    expect(new Mixed(4).greet()).to.equal("base:4 true");
    expect(Mixed.table).to.equal("users");
    expect(await passes(new Mixed(4))).to.eql(["true", 200]);
    expect(await passes(Object.assign(new Mixed(4), { isActive: false }))).to.eql(["false", 401]);
  });
});
