import { expect } from "chai";
import { site } from "./support.js";

describe("parity: answering a login that is not fresh", () => {
  it("answers 403 where there is no view to confirm it", async () => {
    const { visitor } = await site();
    await visitor.login("ann", { remember: true });
    expect((await visitor.get("/needs-refresh")).status).to.equal(403);
  });

  it("redirects to the view to confirm it, with the page that was asked for", async () => {
    const { visitor } = await site({ refreshView: "/confirm-login" });
    await visitor.login("ann", { remember: true });
    const answer = await visitor.get("/needs-refresh");
    expect(answer.status).to.equal(302);
    expect(answer.location).to.equal("/confirm-login?next=%2Fneeds-refresh");
  });

  it("keeps the page that was asked for in the session", async () => {
    const { visitor } = await site({ refreshView: "/confirm-login", nextIn: "cookie" });
    await visitor.login("ann", { remember: true });
    expect((await visitor.get("/needs-refresh")).location).to.equal("/confirm-login");
    expect((await visitor.get("/next")).text).to.equal("/needs-refresh");
  });

  it("flashes its message in its category", async () => {
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

  it("leaves the answer to the application's handler", async () => {
    const { visitor } = await site({ onNeedsRefresh: (_req, res) => void res.send("again, please") });
    await visitor.login("ann", { remember: true });
    expect((await visitor.get("/needs-refresh")).text).to.equal("again, please");
  });

  it("makes a restored login fresh when it is confirmed", async () => {
    const { visitor } = await site();
    await visitor.login("ann", { remember: true });
    await visitor.restart();
    expect(await visitor.who()).to.include({ name: "Ann", fresh: false, remembered: true });

    const before = await visitor.cookie("sid");
    await visitor.confirm();
    expect(await visitor.who()).to.include({ name: "Ann", fresh: true, remembered: false });
    expect(await visitor.cookie("sid")).to.not.equal(before);
  });

  it("confirms nobody's login", async () => {
    const { visitor } = await site();
    expect((await visitor.confirm()).json()).to.include({ code: "login_required" });
  });
});
