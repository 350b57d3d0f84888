import { connect } from "node:net";
import { expect } from "chai";
import express from "express";
import fc from "fast-check";
import sinon from "sinon";
import { attackedSite } from "../support/attacked-site.js";
import { valuesOf } from "../support/hostile-cookies.js";
import { send } from "../support/raw-client.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";
import { seed, trials } from "../support/trials.js";
import { WatchedStore } from "../support/watched-store.js";

const run = { seed, numRuns: trials(20_000, 300, 60) };

describe(`responses to arbitrary cookies (seed ${seed})`, () => {
  beforeEach(() => {
    sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
  });
  afterEach(() => sinon.restore());

  for (const mode of ["persistent", "stateless"] as const) {
    describe(`with ${mode} remember cookies`, () => {
      const memory = () => ({ store: new WatchedStore().inner });

      it("P4 remove the invalid cookies that they depend on, and duplicates from all paths", async () => {
        const at = await attackedSite(memory(), mode);
        let removed = 0;
        await fc.assert(
          fc.asyncProperty(at.headers, async (header) => {
            const count = (name: string) => valuesOf(header, name).length;
            const removals = (name: string, page: string) =>
              (count(name) > 1 ? [page, `${page}/`, "/"] : ["/"]).map(
                (path) => `${name}=; Path=${path}; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; SameSite=Lax`,
              );
            const doubled = (page: string) => (count("sid") > 1 ? removals("sid", page) : []);
            expect((await at.visit(header, "GET /note")).set).to.eql(doubled("/note"));
            const { set, name } = await at.visit(header);
            if (name !== null) return;
            const useless = count("remember") > 0 ? removals("remember", "/me") : [];
            expect(set).to.eql([...useless, ...doubled("/me")]);
            removed += set.length;
          }),
          run,
        );
        expect(removed).to.be.greaterThan(run.numRuns / 10);
      });

      it("P5 treat a cookie that is sent twice as absent, over HTTP and in authenticate", async () => {
        const at = await attackedSite(memory(), mode);
        at.app.get("/raw", async (req, res) => {
          const { headers, socket } = req;
          const message = Object.assign(Object.create(Object.getPrototypeOf(Object.getPrototypeOf(at.app.request))), {
            headers,
            socket,
            url: "/",
            method: "GET",
          });
          const user = await at.login.authenticate(message, at.app);
          res.json({ name: user?.name ?? null });
        });
        const own = fc.constantFrom(...at.owners.keys());
        const doubled = fc.tuple(own, at.headers, fc.boolean()).map(([pair, others, first]) => {
          const good = pair.startsWith("sid=") ? `sid=${encodeURIComponent(pair.slice(4))}` : pair;
          return { good, header: first ? `${good}; ${others}` : `${others}; ${good}` };
        });
        let anonymous = 0;
        await fc.assert(
          fc.asyncProperty(doubled, async ({ good, header }) => {
            const { name } = await at.visit(header);
            expect(name).to.equal(at.ownerOf(header));
            expect(name, "authenticate").to.equal((await at.visit(header, "GET /raw")).name);
            const twice = await at.visit(`${good}; ${good}`);
            expect(twice.status).to.equal(401);
            if (name === null) anonymous++;
          }),
          run,
        );
        expect(anonymous).to.be.greaterThan(run.numRuns / 10);
      });

      it("P7 leave the prototypes of built-in objects unchanged", async () => {
        const at = await attackedSite(memory(), mode);
        const keys = () => [Object.prototype, Array.prototype, Function.prototype].map((one) => Reflect.ownKeys(one));
        const before = keys();
        await fc.assert(
          fc.asyncProperty(at.headers, async (header) => {
            await at.visit(header);
            expect(keys()).to.eql(before);
            expect(JSON.stringify(Object.prototype)).to.equal("{}");
          }),
          run,
        );
      });

      it("P11 have Vary: Cookie and Cache-Control: no-store on a guarded page", async () => {
        const at = await attackedSite(memory(), mode);
        await fc.assert(
          fc.asyncProperty(at.headers, async (header) => {
            const { headers, name } = await at.visit(header);
            expect(headers.vary).to.match(/\bCookie\b/);
            expect(headers["cache-control"]).to.equal(name === null ? "no-store" : "private, no-store");
          }),
          run,
        );
      });

      it("P12 come from a guarded handler only if a user is logged in, for every method", async () => {
        const at = await attackedSite(memory(), mode);
        const method = fc.constantFrom("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "PROPFIND");
        await fc.assert(
          fc.asyncProperty(at.headers, method, async (header, verb) => {
            const before = at.handled();
            const { status } = await send(at.origin, `${verb} /guarded`, { headers: { cookie: header } });
            const isIn = at.ownerOf(header) !== null;
            expect([status, at.handled() - before]).to.eql(isIn ? [200, 1] : [401, 0]);
          }),
          run,
        );
      });

      it("P8 set cookies of at most 4096 bytes that follow RFC 6265, for any user and duration", async () => {
        const cookies = {
          session: { name: "__Host-sid", cookie: { secure: true } },
          remember: { mode, name: "__Host-remember", cookie: { secure: true } },
        } as const;
        const at = site({ store: new WatchedStore(), ...cookies });
        at.app.set("trust proxy", true);
        const origin = await serve(at.app);
        const headers = { "x-forwarded-proto": "https" };
        const id = fc
          .string({ unit: "binary", minLength: 1, maxLength: 255 })
          .map((text) => text.slice(0, 255))
          .filter((text) => !/\p{Cs}/u.test(text) && !text.includes("\0"));
        await fc.assert(
          fc.asyncProperty(id, fc.integer({ min: 1, max: 400 }), fc.boolean(), async (userId, days, remember) => {
            at.byId.set("x", Object.assign(Object.create(at.ann), { id: userId, getId: () => userId }));
            at.byId.set(userId, at.byId.get("x")!);
            const { headers: answered } = await send(origin, "POST /login/x", {
              headers,
              json: { remember, duration: `${days}d` },
            });
            const set = answered["set-cookie"] ?? [];
            expect(set).to.have.lengthOf(remember ? 2 : 1);
            for (const line of set) {
              expect(Buffer.byteLength(line)).to.be.at.most(4096);
              expect(line).to.match(
                /^__Host-(sid|remember)=[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]+(; [A-Za-z-]+(=[\x20-\x3a\x3c-\x7e]+)?)+$/,
              );
              const attributes = line.split("; ").slice(1);
              expect(attributes).to.include.members(["Path=/", "HttpOnly", "Secure", "SameSite=Lax"]);
              expect(attributes.filter((one) => /^(Domain|Path)\b/i.test(one))).to.eql(["Path=/"]);
            }
          }),
          run,
        );
      });
    });
  }

  it("are 400 or 431 for cookies that HTTP forbids, without a call of the application", async () => {
    let requests = 0;
    const { port } = new URL(
      await serve(
        express().use((_req, res) => {
          requests++;
          res.end();
        }),
      ),
    );
    const status = (cookie: string) =>
      new Promise<string>((resolve, reject) => {
        const socket = connect(Number(port), "127.0.0.1", () =>
          socket.end(`GET / HTTP/1.1\r\nHost: a\r\nCookie: ${cookie}\r\n\r\n`, "latin1"),
        );
        socket.once("data", (data) => resolve(data.toString().split(" ")[1]!)).once("error", reject);
      });
    expect(await status("sid=x")).to.equal("200");
    for (const sign of ["\0", "\b", "\r", "\n", "\x7f"])
      expect(await status(`sid=a${sign}b`), JSON.stringify(sign)).to.equal("400");
    expect(await status(`sid=${"a".repeat(17_000)}`)).to.equal("431");
    expect(requests).to.equal(1);
  });
});
