import { expect } from "chai";
import type { Express } from "express";
import inject from "light-my-request";
import type { Browser } from "../support/browser.js";
import { endPrograms, startProgram } from "../support/page-program.js";
import { programOf } from "../support/snippets-compiled.js";
import { inTestAll } from "../support/tier.js";

const ann = { email: "ann@example.com", password: "correct horse" };
const bob = { email: "bob@example.com", password: "battery staple" };

inTestAll("the recipes for the layout of an application", () => {
  afterEach(endPrograms);

  for (const file of ["express.ts", "routing-controllers.ts", "nestjs.ts"]) {
    it(`frameworks: logs in and guards a route alike: ${file}`, async () => {
      const client = (await startProgram("docs/frameworks.md", file)).client();
      const refused = await client.get("/me");
      expect([refused.status, refused.json<{ code: string }>().code]).to.eql([401, "login_required"]);
      expect((await client.post("/login", { json: { ...ann, password: "wrong" } })).status).to.equal(422);
      expect((await client.post("/login", { json: ann })).status).to.equal(204);
      expect((await client.get("/me")).json()).to.eql({ email: ann.email });
    });
  }

  it("express: guards a router, passes refusals to the error handler, and keeps static files out of it", async () => {
    const program = await startProgram("docs/express.md");
    const [client, bob] = [program.client(), program.client()];
    expect((await client.get("/")).text).to.equal("Hello, guest!");
    expect((await client.get("/account")).json()).to.include({ code: "login_required" });
    expect((await client.post("/login", { json: { ...ann, password: "wrong" } })).status).to.equal(401);
    await client.post("/login", { json: ann });
    await bob.post("/login", { json: { email: "bob@example.com", password: "battery staple" } });
    expect((await client.get("/")).text).to.equal(`Hello, ${ann.email}!`);
    expect((await client.get("/account")).json()).to.eql({ email: ann.email });
    expect((await client.get("/audit")).json()).to.eql([]);
    const forbidden = await bob.get("/audit");
    expect([forbidden.status, forbidden.json()]).to.eql([403, { code: "role_required" }]);
    expect((await client.get("/public/none")).headers.get("vary")).not.to.match(/cookie/i);
    expect((await client.post("/account/logout")).status).to.equal(204);
    expect((await client.get("/account")).status).to.equal(401);
  });

  it("own-module: routers and controllers use the same manager", async () => {
    const program = await startProgram("docs/recipes/own-module.md");
    const [client, other] = [program.client(), program.client()];
    expect((await client.get("/account/me")).json()).to.include({ code: "login_required" });
    expect((await client.get("/logins")).json()).to.include({ code: "login_required" });
    expect((await client.post("/account/login", { json: { ...ann, password: "wrong" } })).status).to.equal(401);
    for (const one of [client, other]) expect((await one.post("/account/login", { json: ann })).status).to.equal(200);
    expect((await client.get("/logins")).json<{ current: boolean }[]>().map(({ current }) => current)).to.have.members([
      true,
      false,
    ]);
    expect((await client.send("DELETE", "/logins/others")).status).to.equal(204);
    expect([(await client.get("/account/me")).status, (await other.get("/account/me")).status]).to.eql([200, 401]);
    expect((await client.post("/account/logout")).status).to.equal(204);
    expect((await client.get("/account/me")).status).to.equal(401);
  });

  it("serverless: logs in and out behind a server", async () => {
    const client = (await startProgram("docs/recipes/serverless.md", "server.ts")).client();
    expect((await client.post("/login", { json: ann })).status).to.equal(200);
    await client.restart();
    expect((await client.get("/me")).json()).to.eql({ email: ann.email });
    expect((await client.post("/logout")).status).to.equal(204);
    expect((await client.get("/me")).status).to.equal(401);
  });

  it("serverless: serves requests that never were on a socket", async () => {
    const { app } = (await import(await programOf("docs/recipes/serverless.md"))) as {
      app: Express;
    };
    // inject() changes these prototypes, which all applications of the process share.
    const shared = [app.request, app.response].map((object) => Object.getPrototypeOf(object) as object);
    const before = shared.map((object) => Object.getPrototypeOf(object) as object);
    try {
      const headers = { accept: "application/json" };
      expect((await inject(app as never, { url: "/me", headers })).statusCode).to.equal(401);
      const loggedIn = await inject(app as never, { method: "POST", url: "/login", headers, payload: ann });
      const cookie = loggedIn.cookies.map(({ name, value }) => `${name}=${encodeURIComponent(value)}`).join("; ");
      const { body } = await inject(app as never, { url: "/me", headers: { ...headers, cookie } });
      expect(JSON.parse(body)).to.eql({ email: ann.email });
    } finally {
      shared.forEach((object, i) => void Object.setPrototypeOf(object, before[i]!));
    }
  });

  it("callbacks: gives the user of the request, or an error if that request has ended", async () => {
    const program = await startProgram("docs/recipes/callbacks.md");
    const [one, two] = [program.client(), program.client()];
    await one.post("/login", { json: ann });
    await two.post("/login", { json: bob });
    const emailOf = async (client: Browser, path: string) => (await client.get(path)).json<{ email: string }>().email;
    expect(await emailOf(one, "/right")).to.equal(ann.email); // opens the connection
    expect(await emailOf(two, "/right")).to.equal(bob.email);
    expect(await emailOf(two, "/also-right")).to.equal(bob.email);
    expect((await two.get("/wrong")).json()).to.eql({ code: "request_ended" });
  });

  it("app-and-api: accepts the origin of the app only, also for refused and for preflight requests", async () => {
    const { ports } = await startProgram("docs/recipes/app-and-api.md", "api.ts", { APP_ORIGIN: APP });
    const call = (path: string, method = "GET", origin = APP, headers: Record<string, string> = {}) =>
      fetch(`http://127.0.0.1:${ports[0]}${path}`, {
        method,
        headers: { origin, "sec-fetch-site": "same-site", accept: "application/json", ...headers },
        ...(method === "POST" && { body: JSON.stringify(ann) }),
      });
    const json = { "content-type": "application/json" };
    const preflight = await call("/login", "OPTIONS");
    expect([preflight.status, preflight.headers.get("access-control-allow-headers")]).to.eql([204, "Content-Type"]);
    expect((await call("/login", "OPTIONS", EVIL)).headers.get("access-control-allow-origin")).to.equal(null);

    const refused = await call("/me");
    expect([refused.status, ...corsOf(refused)]).to.eql([401, APP, "true"]);
    expect((await call("/login", "POST", EVIL, json)).status).to.equal(403);
    const loggedIn = await call("/login", "POST", APP, json);
    expect([loggedIn.status, ...corsOf(loggedIn)]).to.eql([200, APP, "true"]);
    const cookies = loggedIn.headers.getSetCookie();
    expect(cookies.filter((cookie) => /domain/i.test(cookie))).to.eql([]);
    const cookie = cookies.map((one) => one.split(";")[0]).join("; ");
    expect(await (await call("/me", "GET", APP, { cookie })).json()).to.eql({ email: ann.email });
    expect((await call("/logout", "POST", EVIL, { cookie, ...json })).status).to.equal(403);
    expect((await call("/logout", "POST", APP, { cookie, ...json })).status).to.equal(204);
    expect((await call("/me", "GET", APP, { cookie })).status).to.equal(401);
  });
});

const APP = "http://app.site.localhost:3000";
const EVIL = "http://evil.site.localhost:3000";

function corsOf({ headers }: Response) {
  return [headers.get("access-control-allow-origin"), headers.get("access-control-allow-credentials")];
}
