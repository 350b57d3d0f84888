import { expect } from "chai";
import { hear, site } from "./support.js";

describe("parity: events", () => {
  it("report a login with its user", async () => {
    const { login, visitor, ann } = await site();
    const loggedIn = hear(login, "loggedIn");
    await visitor.login("ann");
    await visitor.login("cid");
    expect(loggedIn.map(({ user }) => user)).to.deep.equal([ann]);
  });

  it("report a logout with its user", async () => {
    const { login, visitor, ann } = await site();
    const loggedOut = hear(login, "loggedOut");
    await visitor.login("ann");
    await visitor.logout();
    expect(loggedOut).to.have.length(1);
    expect(loggedOut[0]).to.include({ userId: "1", user: ann });
  });

  it("report a logout whose user is gone, but no logout without a login", async () => {
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

  it("report a request that needs a login", async () => {
    const { login, visitor } = await site();
    const unauthorized = hear(login, "unauthorized");
    await visitor.get("/unauthorized");
    expect(unauthorized.map(({ req }) => req.originalUrl)).to.deep.equal(["/unauthorized"]);
  });

  it("report a request that needs a fresh login", async () => {
    const { login, visitor } = await site();
    const needsRefresh = hear(login, "needsRefresh");
    await visitor.login("ann");
    await visitor.get("/needs-refresh");
    expect(needsRefresh.map(({ req }) => req.originalUrl)).to.deep.equal(["/needs-refresh"]);
  });

  it("report a confirmed login with its user", async () => {
    const { login, visitor, ann } = await site();
    const confirmed = hear(login, "loginConfirmed");
    await visitor.confirm();
    await visitor.login("ann");
    await visitor.confirm();
    expect(confirmed.map(({ user }) => user)).to.deep.equal([ann]);
  });

  it("report a login restored by the remember cookie, with its user", async () => {
    const { login, visitor, ann } = await site();
    const restored = hear(login, "loadedFromCookie");
    await visitor.login("ann", { remember: true });
    await visitor.restart();
    await visitor.who();
    await visitor.who();
    expect(restored.map(({ user }) => user)).to.deep.equal([ann]);
  });
});
