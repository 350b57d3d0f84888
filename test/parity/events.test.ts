import { expect } from "chai";
import { hear, site } from "./support.js";

describe("parity: events", () => {
  it("tell of a login, with its user", async () => {
    const { login, visitor, ann } = await site();
    const loggedIn = hear(login, "loggedIn");
    await visitor.login("ann");
    await visitor.login("cid");
    expect(loggedIn.map(({ user }) => user)).to.deep.equal([ann]);
  });

  it("tell of a logout, with its user", async () => {
    const { login, visitor, ann } = await site();
    const loggedOut = hear(login, "loggedOut");
    await visitor.login("ann");
    await visitor.logout();
    expect(loggedOut).to.have.length(1);
    expect(loggedOut[0]).to.include({ userId: "1", user: ann });
  });

  it("tell of a logout whose user is gone, and of none where nobody was logged in", async () => {
    const { login, visitor, byId } = await site();
    const loggedOut = hear(login, "loggedOut");
    await visitor.login("ann");
    byId.delete("1");
    await visitor.logout();
    expect(loggedOut).to.have.length(1);
    expect(loggedOut[0]).to.include({ userId: "1" }).and.not.have.property("user");

    await visitor.logout();
    expect(loggedOut).to.have.length(1);
  });

  it("tell of a request that nobody logged in for", async () => {
    const { login, visitor } = await site();
    const unauthorized = hear(login, "unauthorized");
    await visitor.get("/unauthorized");
    expect(unauthorized.map(({ req }) => req.originalUrl)).to.deep.equal(["/unauthorized"]);
  });

  it("tell of a login that is not fresh", async () => {
    const { login, visitor } = await site();
    const needsRefresh = hear(login, "needsRefresh");
    await visitor.login("ann");
    await visitor.get("/needs-refresh");
    expect(needsRefresh.map(({ req }) => req.originalUrl)).to.deep.equal(["/needs-refresh"]);
  });

  it("tell of a login that was confirmed, with its user", async () => {
    const { login, visitor, ann } = await site();
    const confirmed = hear(login, "loginConfirmed");
    await visitor.confirm();
    await visitor.login("ann");
    await visitor.confirm();
    expect(confirmed.map(({ user }) => user)).to.deep.equal([ann]);
  });

  it("tell of a login that the remember cookie restored, with its user", async () => {
    const { login, visitor, ann } = await site();
    const restored = hear(login, "loadedFromCookie");
    await visitor.login("ann", { remember: true });
    await visitor.restart();
    await visitor.who();
    await visitor.who();
    expect(restored.map(({ user }) => user)).to.deep.equal([ann]);
  });
});
