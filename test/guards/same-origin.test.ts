import { connect } from "node:net";
import { expect } from "chai";
import type { ErrorRequestHandler, RequestHandler } from "express";
import express from "express";
import { MemoryStore, OptionError, sameOriginRequired } from "latchkey";
import { apiClient, Browser } from "../support/browser.js";
import { expressVersions } from "../support/express.js";
import { countTrials, send } from "../support/raw-client.js";
import { cases, headersOf, passes, TRUSTED } from "../support/same-origin-model.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";
import { seed, trials } from "../support/trials.js";
import { twoKinds } from "../support/two-kinds.js";

const EVIL = { origin: "https://evil.example", "sec-fetch-site": "cross-site" };
/** How many of the cases are tested: one of so many. The numbers have no factor in common with those of the cases. */
const ONE_OF = trials(1, 7, 31);

/** Passes arguments that TypeScript rejects. */
const loosely = sameOriginRequired as (...given: unknown[]) => RequestHandler;

describe("sameOriginRequired", () => {
  for (const { name, express } of expressVersions) {
    describe(`on ${name}`, () => {
      it(`answers as a model of its rules does: methods, headers, proxies, trusted origins (seed ${seed})`, async () => {
        const served = async (proxy: boolean, trusting: boolean) => {
          const app = express();
          app.set("trust proxy", proxy);
          app.use(sameOriginRequired(trusting ? { trustedOrigins: TRUSTED } : undefined));
          app.use((_req, res) => void res.sendStatus(204));
          return serve(app);
        };
        const [plain, trusting] = [
          [await served(false, false), await served(true, false)],
          [await served(false, true), await served(true, true)],
        ] as const;
        const chosen = [...cases()].filter((_, i) => i % ONE_OF === seed % ONE_OF);
        const wrong: unknown[] = [];
        const passed = await countTrials(chosen.length, async (i) => {
          const one = chosen[i]!;
          const origin = (one.trusting ? trusting : plain)[one.proxy.trusted ? 1 : 0];
          const { status } = await send(origin, `${one.method} /`, { headers: headersOf(one) });
          if (status !== (passes(one) ? 204 : 403)) wrong.push({ status, ...one });
          return status === 204;
        });
        expect(wrong.slice(0, 5)).to.eql([]);
        expect(passed)
          .to.be.above(chosen.length / 4)
          .and.below(chosen.length * 0.9);
      });

      it("refuses an Origin if the request has no Host", async () => {
        const app = express();
        app.use(sameOriginRequired());
        app.use((_req, res) => void res.sendStatus(204));
        const { port } = new URL(await serve(app));
        for (const [headers, status] of [
          ["", "204"],
          ["Origin: http://127.0.0.1\r\n", "403"],
        ] as const) {
          expect(await firstLine(Number(port), `POST / HTTP/1.0\r\n${headers}\r\n`)).to.include(status);
        }
      });

      it("sends a short page or a problem document, and calls no other middleware", async () => {
        const app = express();
        const reached: string[] = [];
        app.use(sameOriginRequired());
        app.use((req, res) => {
          reached.push(req.method);
          res.sendStatus(204);
        });
        const origin = await serve(app);
        const page = await new Browser(origin).post("/logout", { headers: EVIL });
        expect([page.status, page.headers.get("content-type")]).to.eql([403, "text/html; charset=utf-8"]);
        expect(page.text).to.include("<h1>Forbidden</h1><p>A page of another site sent this request");
        const api = await apiClient(origin).post("/logout", { headers: EVIL });
        expect([api.status, api.headers.get("content-type")]).to.eql([403, "application/problem+json; charset=utf-8"]);
        expect(api.json()).to.eql({
          type: "about:blank",
          title: "Forbidden",
          status: 403,
          detail: "A page of another site sent this request, so it was refused.",
          code: "cross_origin",
        });
        for (const { headers } of [page, api]) {
          expect([headers.get("cache-control"), headers.get("vary")]).to.eql(["no-store", "Accept"]);
        }
        expect(reached).to.eql([]);
      });

      it("throws OptionError at the first request if it was mounted without being called", async () => {
        const app = express();
        const errors: unknown[] = [];
        app.use(sameOriginRequired as never);
        app.use(((error, _req, res, _next) => {
          errors.push(error);
          res.sendStatus(500);
        }) as ErrorRequestHandler);
        expect((await send(await serve(app), "GET /")).status).to.equal(500);
        expect(errors[0]).to.be.instanceOf(OptionError);
        expect(String(errors[0])).to.equal("OptionError: sameOriginRequired: call it: sameOriginRequired()");
      });

      it("can protect one route, and rejects its request before the body is read", async () => {
        const app = express();
        let read = 0;
        const body: RequestHandler = (req, _res, next) => {
          req.resume().on("end", () => next(read++));
        };
        app.post("/logout", sameOriginRequired(), body);
        app.post("/callback", (_req, res) => void res.sendStatus(204));
        const origin = await serve(app);
        const status = async (line: string) => (await send(origin, line, { headers: EVIL, json: {} })).status;
        expect([await status("POST /logout"), await status("POST /callback"), read]).to.eql([403, 204, 0]);
      });
    });
  }

  it("refuses a login and a logout that another site sends with the user's cookies, and emits an event for each", async () => {
    const { app, login, store } = site({}, (manager, at) => {
      manager.init(at);
      at.use(sameOriginRequired());
    });
    const refused: string[] = [];
    login.on("crossOriginRefused", ({ req }) => void refused.push(req.path));
    const browser = apiClient(await serve(app));
    const status = async (line: string, headers: Record<string, string> = {}) => {
      const [method, path] = line.split(" ") as [string, string];
      return (await browser.send(method, path, { headers })).status;
    };
    expect(await status("POST /login/1", { origin: browser.origin })).to.equal(200);
    for (const headers of [EVIL, { "sec-fetch-site": "same-site" }, { origin: "null" }]) {
      expect(await status("POST /login/2", headers)).to.equal(403);
      expect(await status("POST /logout", headers)).to.equal(403);
    }
    expect(refused).to.eql(Array(3).fill(["/login/2", "/logout"]).flat());
    expect((await browser.get("/me", { headers: EVIL })).json(), "a link from another site").to.include({
      name: "Ann",
    });
    expect(store.calls.filter((verb) => verb === "destroy")).to.eql([]);
    expect(await status("POST /logout", { "sec-fetch-site": "same-origin" })).to.equal(200);
  });

  it("can be mounted before the session middleware, where a refused request costs no call to the store", async () => {
    const { app, login, store } = site({}, (manager, at) => {
      at.use(sameOriginRequired());
      manager.init(at);
    });
    const browser = apiClient(await serve(app));
    await browser.post("/login/1");
    store.calls = [];
    let events = 0;
    login.on("crossOriginRefused", () => events++);
    expect((await browser.post("/logout", { headers: EVIL })).status).to.equal(403);
    expect([store.calls, events]).to.eql([[], 0]);
    expect((await browser.get("/me")).status).to.equal(200);
  });

  it("emits the event of each manager that the request passed", async () => {
    const { app, customers, staff } = twoKinds({ customers: new MemoryStore(), staff: new MemoryStore() });
    app.use(sameOriginRequired());
    const told: string[] = [];
    customers.on("crossOriginRefused", () => void told.push("customers"));
    staff.on("crossOriginRefused", () => void told.push("staff"));
    expect((await send(await serve(app), "POST /nothing", { headers: EVIL })).status).to.equal(403);
    expect(told).to.eql(["customers", "staff"]);
  });

  it("accepts the origins of its option in any case, with or without the default port", () => {
    const good = ["https://a.example", "HTTP://LOCALHOST:80", "https://bücher.example", "http://[::1]:3000", "app://x"];
    for (const origin of good) expect(sameOriginRequired({ trustedOrigins: [origin] }), origin).to.be.a("function");
    // On Node.js 20 and 22, URL.canParse is wrong about this host after some thousand calls.
    for (let i = 0; i < 5_000; i++) sameOriginRequired({ trustedOrigins: ["https://bücher.example"] });
    expect(sameOriginRequired({ trustedOrigins: [] })).to.be.a("function");
    expect(sameOriginRequired({ trustedOrigins: undefined })).to.be.a("function");
  });

  it("throws OptionError for an option that is unknown or invalid", () => {
    const wants =
      'expected a scheme, a host and an optional port, without a path, such as "https://accounts.example.com"';
    const bad = [
      ...["null", "", "*", "a.example", "https://", "https://*.example", "https://a.example/", "https://a.example?b"],
      ...["https://a.example#b", "https://me@a.example", "https://a.example:x", "https://a.example:70000", "file:///a"],
      ...["https://a.example b.example", " https://a.example", "https://a%2eexample", "https://[::1", "https://a\\b"],
    ];
    for (const origin of bad) {
      expect(() => sameOriginRequired({ trustedOrigins: ["https://a.example", origin] }), origin).to.throw(
        OptionError,
        `sameOriginRequired.trustedOrigins[1]: ${wants}, not ${JSON.stringify(origin)}`,
      );
    }
    for (const [given, message] of [
      [[null], "sameOriginRequired: expected an object, not null"],
      [["https://a.example"], "sameOriginRequired: expected an object, not a string"],
      [[["https://a.example"]], "sameOriginRequired: expected an object, not an array"],
      [[{ trustedOrigin: [] }], "sameOriginRequired.trustedOrigin: unknown option; the options are trustedOrigins"],
      [[{ trustedOrigins: "https://a.example" }], 'expected an array of origins, not "https://a.example"'],
      [[{ trustedOrigins: [["https://a.example"]] }], `sameOriginRequired.trustedOrigins[0]: ${wants}, not an array`],
      [[{ trustedOrigins: [/a/] }], `sameOriginRequired.trustedOrigins[0]: ${wants}, not object`],
      [
        [{ trustedOrigins: [new URL("https://a.example")] }],
        `sameOriginRequired.trustedOrigins[0]: ${wants}, not object`,
      ],
      [[{ trustedOrigins: [undefined] }], `sameOriginRequired.trustedOrigins[0]: ${wants}, not undefined`],
    ] as const) {
      expect(() => loosely(...given), message).to.throw(OptionError, message);
    }
  });

  it("keeps the origins that it was given, even if the array changes later", async () => {
    const trustedOrigins = ["https://a.example"];
    const app = express();
    app.use(sameOriginRequired({ trustedOrigins }));
    app.use((_req, res) => void res.sendStatus(204));
    trustedOrigins[0] = EVIL.origin;
    const origin = await serve(app);
    expect((await send(origin, "POST /", { headers: EVIL })).status).to.equal(403);
    expect((await send(origin, "POST /", { headers: { ...EVIL, origin: "https://a.example" } })).status).to.equal(204);
  });
});

/** Sends a request on a new connection, and resolves with the first line of the response. */
function firstLine(port: number, request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(request));
    socket.on("error", reject);
    socket.once("data", (data) => {
      socket.destroy();
      resolve(String(data).split("\r\n")[0]!);
    });
  });
}
