import { expect } from "chai";
import { loginUser, logoutUser } from "latchkey";
import sinon from "sinon";
import { faults, faultySite } from "../support/faulty-site.js";
import { only, send } from "../support/raw-client.js";
import { endStoredSessions } from "../support/records.js";
import { expectNoUnhandledRejections } from "../support/unhandled.js";

describe("a store that is down", () => {
  expectNoUnhandledRejections();
  afterEach(() => sinon.restore());

  for (const [what, fault] of Object.entries(faults)) {
    describe(`because it ${what}`, () => {
      it("at a read: guards send 503, no user is treated as anonymous, and no cookie changes", async () => {
        const { cookie, load, operations, origin, restored, ...at } = await faultySite(fault);
        at.break("read");
        for (const path of ["/me", "/note"]) {
          const { status, headers } = await send(origin, `GET ${path}`, { cookie });
          expect(status, path).to.equal(503);
          expect(headers).to.include({ "retry-after": "5", "cache-control": "no-store" });
          expect(headers["set-cookie"]).to.equal(undefined);
        }
        const login = await send(origin, "POST /login/1", { cookie });
        expect([login.status, login.headers["set-cookie"]]).to.deep.equal([503, undefined]);
        expect([load.callCount, restored.callCount], "no user is loaded, no login restored").to.deep.equal([0, 0]);
        expect(operations()).to.deep.equal(["read", "read", "read"]);

        at.mend();
        expect((await send(origin, "GET /me", { cookie: only("sid", cookie) })).status).to.equal(200);
      });

      it("at a read: serves routes that do not use the session", async () => {
        const { cookie, origin, ...at } = await faultySite(fault);
        at.break("read");
        const answer = await send(origin, "GET /public", { cookie });
        expect([answer.status, answer.text, answer.headers["set-cookie"]]).to.deep.equal([200, "hello", undefined]);
        expect((await send(origin, "GET /me")).status, "a request without a cookie needs no read").to.equal(401);
      });

      for (const verb of ["destroy", "create"] as const) {
        it(`at a ${verb}: a login and a confirmation fail with 503, and log nobody in`, async () => {
          const { app, byId, cookie, login, operations, origin, store, ...at } = await faultySite(fault);
          app.post("/stubborn/:id", async (req, res) => {
            await login.currentUser();
            const code = await loginUser(req, byId.get(req.params.id)!, { remember: true }).catch(
              (error) => error.code,
            );
            const user = (await login.currentUser()) as { name?: string };
            at.mend();
            res.json([code, user.name ?? null]);
          });
          const anonymous = (await send(origin, "POST /note/cart")).cookie;

          for (const line of ["POST /login/2", "POST /stubborn/2", "POST /confirm"]) {
            for (const given of [anonymous, cookie]) {
              if (line === "POST /confirm" && given === anonymous) continue;
              const own = given === cookie ? (await send(origin, "POST /login/1")).cookie : given;
              at.break(verb);
              const answer = await send(origin, line, { cookie: own, json: { remember: true } });
              at.mend();
              if (line === "POST /stubborn/2") {
                const left = own === anonymous ? null : "Ann";
                expect(answer.text).to.equal(JSON.stringify(["store_unavailable", left]));
              } else {
                expect(answer.status, line).to.equal(503);
              }
              expect(answer.cookie, "no cookie is set").to.equal("");
              // If the store cannot delete the new session, the session stays, but nobody has its id.
              expect(await store.countOf("2")).to.be.at.most(verb === "destroy" ? 1 : 0);
              await endStoredSessions(store.inner, "2");
            }
          }
          expect(new Set(operations())).to.deep.equal(new Set([verb]));
        });

        it(`at a ${verb}: restores a remembered login only when the store works again`, async () => {
          const { cookie, origin, store, ...at } = await faultySite(fault);
          const anonymous = (await send(origin, "POST /note/cart")).cookie;
          at.break(verb);
          const remember = `${only("remember", cookie)}; ${anonymous}`;
          const { status, headers } = await send(origin, "GET /me", { cookie: remember });
          const sessions = (headers["set-cookie"] ?? []).filter((one) => one.startsWith("sid="));
          expect([status, sessions]).to.deep.equal([503, []]);
          expect(await store.countOf("1")).to.be.at.most(1);
          at.mend();
          expect((await send(origin, "GET /me", { cookie: remember })).status).to.equal(200);
        });
      }

      it("at a create that would succeed at a second try: the login fails, and leaves no session", async () => {
        const { cookie, origin, store, ...at } = await faultySite(fault);
        let creates = 0;
        store.before = (verb) => (verb === "create" && creates++ === 0 ? fault() : undefined);
        const answer = await send(origin, "POST /login/2", { cookie });
        at.mend();
        expect([answer.status, answer.cookie, await store.countOf("2")]).to.deep.equal([503, "", 0]);
        expect(
          (await send(origin, "GET /me", { cookie: only("sid", cookie) })).text,
          "Ann is still logged in",
        ).to.include("Ann");
      });

      for (const verb of ["read", "destroy"] as const) {
        it(`at a ${verb}: a logout sends 503, removes no cookie and keeps the user, and can be repeated`, async () => {
          const { app, cookie, login, origin, store, ...at } = await faultySite(fault);
          app.post("/stubborn/logout", async (req, res) => {
            const code = await logoutUser(req).catch((error) => error.code);
            at.mend();
            res.json([code, ((await login.currentUser()) as { name?: string }).name ?? null]);
          });
          at.break(verb);
          const failed = await send(origin, "POST /logout", { cookie });
          expect([failed.status, failed.headers["set-cookie"]]).to.deep.equal([503, undefined]);
          if (verb === "destroy") {
            const stubborn = await send(origin, "POST /stubborn/logout", { cookie });
            expect([stubborn.text, stubborn.headers["set-cookie"]]).to.deep.equal([
              '["store_unavailable","Ann"]',
              undefined,
            ]);
          }
          at.mend();
          expect((await send(origin, "GET /me", { cookie: only("sid", cookie) })).status).to.equal(200);
          const again = await send(origin, "POST /logout", { cookie });
          const removed = again.headers["set-cookie"]!;
          expect(removed.map((one) => one.split(";")[0]).sort()).to.deep.equal(["remember=", "sid="]);
          expect(removed.every((one) => one.includes("Expires=Thu, 01 Jan 1970"))).to.equal(true);
          expect([again.status, await store.countOf("1")]).to.deep.equal([200, 0]);
          expect((await send(origin, "GET /me", { cookie })).status).to.equal(401);
        });
      }

      it("at an update: replaces a complete response with 503, and cuts off a response that has started", async () => {
        const { app, cookie, operations, origin, ...at } = await faultySite(fault);
        const body = "x".repeat(8_000_000);
        app.get("/large", (req, res) => {
          req.session.note = "changed";
          res.set("ETag", '"of-the-page"').type("text").send(body);
        });
        app.get("/stream", (req, res) => {
          req.session.note = "changed";
          res.write(body);
          res.end("end");
        });
        app.get("/begun", async (req, res) => {
          req.session.note = "changed";
          res.write("begun, ");
          await new Promise((resolve) => res.once("drain", resolve));
          res.end(body);
        });
        app.get("/explicit", (req, res, next) => {
          req.session.note = "changed";
          req.session.save((error?: unknown) => (error ? next(error) : res.send("saved")));
        });
        const after = sinon.fake();
        app.use((_req, _res, next) => {
          after();
          next();
        });
        at.break("update");
        const { status, headers, text } = await send(origin, "GET /large", { cookie });
        expect([status, headers.etag, headers["retry-after"]]).to.deep.equal([503, undefined, "5"]);
        expect(text.includes("x".repeat(100)), "the body of the replaced response").to.equal(false);
        for (const path of ["/stream", "/begun"]) {
          const cut = await send(origin, `GET ${path}`, { cookie }).catch((error: { code?: string }) => error.code);
          expect(cut, path).to.equal("ECONNRESET");
        }
        expect(operations()).to.deep.equal(["update", "update", "update"]);
        expect(after.callCount, "calls of later middleware").to.equal(0);
        expect((await send(origin, "GET /explicit", { cookie })).status).to.equal(503);
        at.mend();
        expect((await send(origin, "GET /note", { cookie })).text).to.equal("null");
      });
    });
  }
});
