import { expect } from "chai";
import { site } from "./support.js";

describe("parity: the response to a login that is not fresh", () => {
  it("sends 403 if there is no view to confirm the login", async () => {
    const { visitor } = await site();
    await visitor.login("ann", { remember: true });
    expect((await visitor.get("/needs-refresh")).status).to.equal(403);
  });

  it("redirects to the view that confirms the login, with the requested page", async () => {
    const { visitor } = await site({ refreshView: "/confirm-login" });
    await visitor.login("ann", { remember: true });
    const answer = await visitor.get("/needs-refresh");
    expect(answer.status).to.equal(302);
    expect(answer.location).to.equal("/confirm-login?next=%2Fneeds-refresh");
  });

  it("stores the requested page in a cookie", async () => {
    const { visitor } = await site({ refreshView: "/confirm-login", nextIn: "cookie" });
    await visitor.login("ann", { remember: true });
    expect((await visitor.get("/needs-refresh")).location).to.equal("/confirm-login");
    expect((await visitor.get("/next")).text).to.equal("/needs-refresh");
  });

  it("flashes its message with its category", async () => {
    const { visitor } = await site({
      refreshView: "/confirm-login",
      needsRefreshMessage: "Confirm!",
      needsRefreshMessageCategory: "confirm",
    });
    await visitor.login("ann", { remember: true });
    await visitor.get("/needs-refresh");
    expect((await visitor.get("/flashes")).json()).to.deep.equal([{ message: "Confirm!", category: "confirm" }]);
  });

  it("translates its message", async () => {
    const { visitor } = await site({
      refreshView: "/confirm-login",
      needsRefreshMessage: "Confirm!",
      localize: (message) => (message === "Confirm!" ? "Aktualisieren" : "?"),
    });
    await visitor.login("ann", { remember: true });
    await visitor.get("/needs-refresh");
    expect((await visitor.get("/flashes")).json()).to.deep.equal([{ message: "Aktualisieren", category: "message" }]);
  });

  it("leaves the response to the application's handler", async () => {
    const { visitor } = await site({ onNeedsRefresh: (_req, res) => void res.send("again, please") });
    await visitor.login("ann", { remember: true });
    expect((await visitor.get("/needs-refresh")).text).to.equal("again, please");
  });

  it("makes a restored login fresh when the login is confirmed", async () => {
    const { visitor } = await site();
    await visitor.login("ann", { remember: true });
    await visitor.restart();
    expect(await visitor.who()).to.include({ name: "Ann", fresh: false, remembered: true });

    const before = await visitor.cookie("sid");
    await visitor.confirm();
    expect(await visitor.who()).to.include({ name: "Ann", fresh: true, remembered: false });
    expect(await visitor.cookie("sid")).to.not.equal(before);
  });

  it("rejects a confirmation without a login", async () => {
    const { visitor } = await site();
    expect((await visitor.confirm()).json()).to.include({ code: "login_required" });
  });
});
