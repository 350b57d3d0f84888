import { expect } from "chai";
import { apiClient } from "../support/browser.js";
import { site } from "./support.js";

describe("parity: the response without a login", () => {
  it("sends 401 if there is no login view", async () => {
    const { visitor } = await site();
    expect((await visitor.get("/unauthorized")).status).to.equal(401);
  });

  it("redirects to the login view with the requested page", async () => {
    const { visitor } = await site({ loginView: "/login" });
    const answer = await visitor.get("/unauthorized");
    expect(answer.status).to.equal(302);
    expect(answer.location).to.equal("/login?next=%2Funauthorized");
  });

  it("flashes its message with its category", async () => {
    const { visitor } = await site({ loginView: "/login", loginMessage: "Log in!", loginMessageCategory: "login" });
    await visitor.get("/unauthorized");
    expect((await visitor.get("/flashes")).json()).to.deep.equal([{ message: "Log in!", category: "login" }]);
  });

  it("flashes nothing if the message is null", async () => {
    const { visitor } = await site({ loginView: "/login", loginMessage: null });
    expect((await visitor.get("/unauthorized")).cookies).to.deep.equal([]);
    expect((await visitor.get("/flashes")).json()).to.deep.equal([]);
  });

  it("translates its message", async () => {
    const { visitor } = await site({
      loginView: "/login",
      loginMessage: "Log in!",
      localize: (message) => (message === "Log in!" ? "Einloggen" : "?"),
    });
    await visitor.get("/unauthorized");
    expect((await visitor.get("/flashes")).json()).to.deep.equal([{ message: "Einloggen", category: "message" }]);
  });

  it("leaves the response to the application's handler", async () => {
    const { visitor } = await site({
      loginView: "/login",
      onUnauthorized: (_req, res) => void res.status(401).send("who are you?"),
    });
    const answer = await visitor.get("/unauthorized");
    expect(answer.status).to.equal(401);
    expect(answer.text).to.equal("who are you?");
    expect((await visitor.get("/flashes")).json()).to.deep.equal([]);
  });

  it("stores the requested page in a cookie, with session protection too", async () => {
    for (const sessionProtection of [false, "strong"] as const) {
      const { visitor } = await site({ loginView: "/login", nextIn: "cookie", sessionProtection });
      const answer = await visitor.get("/unauthorized");
      expect(answer.status).to.equal(302);
      expect(answer.location).to.equal("/login");
      await visitor.who();
      expect((await visitor.get("/next")).text).to.equal("/unauthorized");
      expect((await visitor.get("/next")).text).to.equal("/fallback");
    }
  });

  it("does not store a page that was requested with POST", async () => {
    const { visitor } = await site({ loginView: "/login" });
    const answer = await visitor.post("/guarded");
    expect(answer.status).to.equal(303);
    expect(answer.location).to.equal("/login");
  });

  it("does not redirect an API client", async () => {
    const { origin } = await site({ loginView: "/login" });
    const answer = await apiClient(origin).get("/unauthorized");
    expect(answer.status).to.equal(401);
    expect(answer.json()).to.include({ code: "login_required" });
  });
});
