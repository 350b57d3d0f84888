import { expect } from "chai";
import { Router } from "express";
import { LoginManager, loginRequired, loginUrl, OptionError } from "latchkey";
import { SECRET } from "../support/people.js";
import { send } from "../support/raw-client.js";
import { site } from "./support.js";

describe("parity: the login view", () => {
  it("is one login view for the whole application", async () => {
    const { visitor } = await site({ loginView: "/app-login" });
    expect((await visitor.get("/guarded")).location).to.equal("/app-login?next=%2Fguarded");
  });

  it("is a login view for each part of the application", async () => {
    const { visitor } = await site(
      { loginView: { "/": "/app-login", "/first": "/first-login", "/second": "/second-login" } },
      (app) => {
        const part = Router().get("/guarded", loginRequired(), (_req, res) => void res.send("let through"));
        app.use("/first", part);
        app.use("/second", part);
      },
    );
    expect((await visitor.get("/guarded")).location).to.equal("/app-login?next=%2Fguarded");
    expect((await visitor.get("/first/guarded")).location).to.equal("/first-login?next=%2Ffirst%2Fguarded");
    expect((await visitor.get("/second/guarded")).location).to.equal("/second-login?next=%2Fsecond%2Fguarded");
  });

  it("does not send the requested page to a login view on another host", async () => {
    const loginView = "https://accounts.example/login?from=app";
    const { visitor } = await site({ loginView });
    expect((await visitor.get("/guarded")).location).to.equal(loginView);
  });

  it("builds the URL of a view", () => {
    expect(loginUrl("/login", "/protected")).to.equal("/login?next=%2Fprotected");
    expect(loginUrl("/login?affiliate=7", "/protected")).to.equal("/login?affiliate=7&next=%2Fprotected");
    expect(loginUrl("/login?next=%2Fold", "/protected")).to.equal("/login?next=%2Fprotected");
    expect(loginUrl("https://accounts.example/login", "https://app.example/protected")).to.equal(
      "https://accounts.example/login?next=https%3A%2F%2Fapp.example%2Fprotected",
    );
    expect(loginUrl("/login")).to.equal("/login");
  });

  it("accepts a view's URL, not its name", () => {
    expect(() => new LoginManager({ secret: SECRET, loginView: "login" })).to.throw(OptionError, "loginView");
  });

  const headersOfOtherHosts: Array<Record<string, string>> = [
    { host: "evil.example" },
    { "x-forwarded-host": "evil.example" },
  ];

  it("redirects within the host, even if headers name another host", async () => {
    const { visitor } = await site({ loginView: "/login" }, (app) => app.set("trust proxy", true));
    for (const headers of headersOfOtherHosts) {
      const answer = await send(visitor.origin, "GET /unauthorized", { headers: { accept: "text/html", ...headers } });
      expect(answer.status).to.equal(302);
      expect(answer.headers.location).to.equal("/login?next=%2Funauthorized");
    }
  });

  it("redirects to the host of the options, even if headers name another host", async () => {
    const { visitor } = await site({ loginView: "/login", redirectHost: "good.example" }, (app) =>
      app.set("trust proxy", true),
    );
    for (const headers of headersOfOtherHosts) {
      const answer = await send(visitor.origin, "GET /unauthorized", { headers: { accept: "text/html", ...headers } });
      expect(answer.status).to.equal(302);
      expect(answer.headers.location).to.equal("//good.example/login?next=%2Funauthorized");
    }
  });
});
