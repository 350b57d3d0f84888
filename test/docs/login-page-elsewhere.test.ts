import { expect } from "chai";
import request from "supertest";
import { CookieJar } from "tough-cookie";
import { inTestAll } from "../support/tier.js";
import { startTwoHosts } from "../support/two-hosts.js";

const PAGE = "docs/recipes/login-page-elsewhere.md";

const ann = { email: "ann@example.com", password: "correct horse" };

/** Opens URLs of both sites, with one cookie jar. */
function visitor(port: number) {
  const jar = new CookieJar();
  const machine = request(`http://127.0.0.1:${port}`);
  return async (url: string, form?: Record<string, string>) => {
    const { host, pathname, search } = new URL(url);
    const path = pathname + search;
    const sending = form ? machine.post(path).type("form").send(form) : machine.get(path);
    const cookie = await jar.getCookieString(url);
    const { status, headers, text } = await sending.set({ host, accept: "text/html", cookie });
    for (const set of headers["set-cookie"] ?? []) await jar.setCookie(set, url);
    return { status, location: headers.location, text };
  };
}

inTestAll("the recipe for a login page on another host", () => {
  it("returns to the page on the first host, logged in on both, and to no other host", async () => {
    const { origins, port } = await startTwoHosts(PAGE, "accounts");
    const { app, accounts } = origins;
    const visit = visitor(port);
    const loginUrl = `${accounts}/login?next=${encodeURIComponent(`${app}/reports?page=2`)}`;
    expect((await visit(`${app}/reports?page=2`)).location).to.equal(loginUrl);
    expect((await visit(loginUrl)).text).to.include("Please log in to access this page.");
    expect((await visit(loginUrl, { ...ann, password: "wrong" })).status).to.equal(422);
    expect((await visit(loginUrl, {})).status).to.equal(422);
    expect((await visit(loginUrl, ann)).location).to.equal(`${app}/reports?page=2`);
    expect((await visit(`${app}/reports?page=2`)).text).to.include("Reports for ann@example.com");
    expect((await visit(`${accounts}/confirm`)).status).to.equal(200);

    for (const next of ["https://evil.example/", `${app}@evil.example/`, `${app}.evil.example/`, `//evil.example/`]) {
      const { location } = await visit(`${accounts}/login?next=${encodeURIComponent(next)}`, ann);
      expect(location, next).to.equal(app);
    }
    expect((await visit(`${accounts}/login?next=/confirm`, ann)).location).to.equal(app);

    expect((await visit(`${app}/logout`, {})).location).to.equal(`${accounts}/login`);
    expect((await visit(`${app}/reports`)).status).to.equal(302);
    expect((await visit(`${accounts}/confirm`)).status).to.equal(302);
  });
});
