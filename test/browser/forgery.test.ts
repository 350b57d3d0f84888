import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import type { Page } from "playwright-core";
import { WebSocket } from "ws";
import { inChromium } from "../support/chromium.js";
import { expectHeading, expectLive, expectText, FIREFOX, logIn, logOut, newUser, PASSWORD } from "./steps.js";

/** The origins of forged requests. Ports do not separate sites, so the second one also sends SameSite cookies. */
const EVIL = [
  { from: "another site", host: "127.0.0.1", carriesCookies: false },
  { from: "another origin of the same site", host: "localhost", carriesCookies: true },
];

inChromium("forged requests", (here) => {
  for (const { from, host, carriesCookies } of EVIL) {
    describe(`from ${from}`, () => {
      let server: Server;
      let evil: string;

      before(async () => {
        server = createServer((_req, res) =>
          res.setHeader("Content-Type", "text/html").end("<!doctype html><title>evil"),
        );
        await new Promise<void>((resolve) => server.listen(0, host, resolve));
        evil = `http://${host}:${(server.address() as AddressInfo).port}`;
      });

      after(() => new Promise((resolve) => server.close(resolve)));

      /** Sends a form from the evil site. Returns the response status, and whether a session cookie was sent. */
      async function forge(page: Page, path: string, fields: Record<string, string>) {
        await page.goto(evil);
        const answered = page.waitForResponse((response) => new URL(response.url()).pathname === path);
        const inputs = Object.entries(fields).map(([name, value]) => `<input name="${name}" value="${value}">`);
        const form = `<form method="post" action="${here().example.origin}${path}">${inputs.join("")}</form>`;
        await page.evaluate(`document.body.innerHTML = ${JSON.stringify(form)}; document.forms[0].submit()`);
        const answer = await answered;
        const { cookie = "" } = await answer.request().allHeaders();
        await expectHeading(page, "Forbidden");
        return { status: answer.status(), withSession: /\bsid=/.test(cookie) };
      }

      it("do not log out or change the password, the e-mail, the logins or the tokens", async () => {
        const page = await here().newPage();
        const email = await newUser(page);
        await logIn(await here().newPage(), email);
        const forged: Array<[path: string, fields: Record<string, string>]> = [
          ["/logout", {}],
          ["/password", { password: "password of evil" }],
          ["/email", { email: "evil@example.com" }],
          ["/logins/end-others", {}],
          ["/tokens", { name: "evil" }],
        ];
        for (const [path, fields] of forged) {
          expect(await forge(page, path, fields), path).to.deep.equal({ status: 403, withSession: carriesCookies });
        }
        await page.goto("/logins");
        await expectHeading(page, "Where you are logged in");
        expect(await page.getByRole("main").getByRole("listitem").count()).to.equal(2);
        await page.goto("/tokens");
        await expectText(page, "None yet.");
        await logIn(await here().newPage(), email, { password: PASSWORD });
      });

      it("do not log a visitor in to the attacker's account", async () => {
        const email = await newUser(await here().newPage());
        const page = await here().newPage();
        await page.goto("/login");
        const answer = await forge(page, "/login", { email, password: PASSWORD });
        expect(answer).to.eql({ status: 403, withSession: false });
        await page.goto("/dashboard");
        await expectHeading(page, "Log in");
      });

      it("are not links: a link opens the page, with the user's login", async () => {
        const page = await here().newPage();
        const email = await newUser(page);
        await page.goto(evil);
        await page.evaluate(`document.body.innerHTML = '<a href="${here().example.origin}/dashboard">Look</a>'`);
        await page.getByRole("link").click();
        await expectHeading(page, `Hello, ${email}`);
        await logOut(page); // a form of the site's own
      });

      it("cannot read or change anything through the API", async () => {
        const page = await here().newPage();
        const email = await newUser(page);
        await page.goto(evil);
        const outcomes = await page.evaluate(
          async ([origin, body]) => {
            const send = (path: string, init: RequestInit) =>
              fetch(`${origin}${path}`, { credentials: "include", ...init }).then(
                (answer) => answer.text(),
                () => "refused",
              );
            return [
              await send("/api/me", {}),
              await send("/api/logout", { method: "POST" }),
              await send("/api/logout", { method: "POST", mode: "no-cors" }),
              await send("/api/password", { method: "POST", mode: "no-cors", body }),
              await send("/api/password", { method: "POST", body, headers: { "content-type": "application/json" } }),
            ];
          },
          [here().example.origin, JSON.stringify({ password: "password of evil" })] as const,
        );
        expect(outcomes).to.deep.equal(Array(5).fill("refused"));
        await page.goto("/dashboard");
        await expectHeading(page, `Hello, ${email}`);
        await logIn(await here().newPage(), email);
      });

      it("cannot open a WebSocket", async () => {
        const page = await here().newPage();
        const email = await newUser(page);
        const own = await page.context().newPage();
        await own.goto("/dashboard");
        await expectLive(own);
        await page.goto(evil);
        const heard = page.evaluate(
          (url) =>
            new Promise((resolve) => {
              const socket = new WebSocket(url);
              socket.onopen = () => resolve("opened");
              socket.onerror = () => resolve("refused");
            }),
          `${here().example.origin.replace("http", "ws")}/live`,
        );
        expect(await heard).to.equal("refused");
        await logIn(await here().newPage(FIREFOX), email);
        await expectText(own, "New login from Firefox on Linux.");
      });
    });
  }

  it("cannot open a WebSocket with another origin, even with a login's cookies", async () => {
    const { origin } = here().example;
    const page = await here().newPage();
    await newUser(page);
    const cookie = (await page.context().cookies()).map(({ name, value }) => `${name}=${value}`).join("; ");
    expect(await connect(origin, { origin })).to.equal(401);
    expect(await connect(origin, { cookie, origin: "null" })).to.equal(403);
    expect(await connect(origin, { cookie, origin: `${origin}.evil.example` })).to.equal(403);
    expect(await connect(origin, { cookie, origin })).to.equal("opened");
    expect(await connect(origin, { cookie }), "a program that has a login's cookies").to.equal("opened");
  });
});

/** Opens a WebSocket from a program, which can send any header. Resolves to the status of a refusal, or to "opened". */
function connect(origin: string, headers: Record<string, string>): Promise<number | "opened"> {
  return new Promise((resolve) => {
    const socket = new WebSocket(`${origin.replace("http", "ws")}/live`, { headers });
    socket.on("unexpected-response", (request, response) => {
      resolve(response.statusCode!);
      request.destroy();
    });
    socket.on("open", () => {
      resolve("opened");
      socket.terminate();
    });
    socket.on("error", () => {});
  });
}
