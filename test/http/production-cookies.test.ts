import { expect } from "chai";
import { flash, takeFlashes } from "latchkey";
import { addCrowd, Person } from "../support/people.js";
import { inProduction } from "../support/production.js";
import { only, send } from "../support/raw-client.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";
import { WatchedStore } from "../support/watched-store.js";

const SECURE = { "x-forwarded-proto": "https" };

/** A site in production behind an HTTPS proxy. `set` collects every Set-Cookie of its responses. */
async function productionSite(mode: "persistent" | "stateless") {
  const inner = new WatchedStore();
  const at = inProduction(() => site({ store: inner, remember: { mode }, sessionProtection: "strong" }));
  at.app.set("trust proxy", true);
  at.app.post("/age", (req, res) => {
    req.session.cookie.maxAge = 60_000;
    req.session.note = "aged";
    res.send("aged");
  });
  at.app.get("/flash", (req, res) => void res.send(String(flash(req, "Hello"))));
  at.app.get("/take", (req, res) => void res.json(takeFlashes(req)));
  const origin = await serve(at.app);
  const set: string[] = [];
  const ask = async (line: string, cookie = "", { json, headers }: { json?: object; headers?: object } = {}) => {
    const answer = await send(origin, line, { cookie, json, headers: { ...SECURE, ...headers } });
    set.push(...(answer.headers["set-cookie"] ?? []));
    return answer;
  };
  return { ...at, set, ask };
}

describe("the cookies in production", () => {
  for (const mode of ["persistent", "stateless"] as const) {
    it(`ASVS 3.3.1: every cookie that is set or removed is Secure and has the prefix __Host- (${mode})`, async () => {
      const { set, ask, byId } = await productionSite(mode);
      const logIn = async (json: object = { remember: true }) => (await ask("POST /login/1", "", { json })).cookie;
      const remember = only("__Host-remember", await logIn());
      const taken: Record<string, number> = {};
      const step = async (what: string, run: () => Promise<unknown>) => {
        const before = set.length;
        await run();
        taken[what] = set.length - before;
      };
      await step("login", logIn);
      await step("confirmation", async () => ask("POST /confirm", await logIn()));
      await step("restore", () => ask("GET /me", remember));
      await step("anonymous session", () => ask("POST /note/a"));
      await step("age", async () => ask("POST /age", await logIn({})));
      await step("message", () => ask("GET /flash"));
      await step("message that is read", async () => ask("GET /take", (await ask("GET /flash")).cookie));
      await step("forged message", () => ask("GET /take", "__Host-flash=x.y"));
      await step("logout", async () => ask("POST /logout", await logIn()));
      await step("login without remember", async () => ask("POST /login/1", await logIn(), { json: {} }));
      await step("login of another user", async () =>
        ask("POST /login/2", await logIn(), { json: { remember: false } }),
      );
      await step("forged remember cookie", () => ask("GET /me", "__Host-remember=v1.x.y"));
      await step("another client", async () =>
        ask("GET /me", await logIn(), { headers: { "user-agent": "another", "x-forwarded-for": "10.9.9.9" } }),
      );
      await step("user is gone", async () => {
        const cookie = await logIn();
        byId.delete("1");
        await ask("GET /me", cookie);
      });
      for (const [what, count] of Object.entries(taken)) expect(count, what).to.be.above(0);
      expect(set.filter((one) => one.includes("; Expires=") && one.startsWith("__Host-sid=s"))).not.to.eql([]);
      expect(set.filter((one) => one.includes("Expires=Thu, 01 Jan 1970"))).to.have.length.above(5);
      for (const one of set) {
        expect(one).to.match(/^__Host-(sid|remember|flash)=[^;]*; /);
        for (const attribute of ["Secure", "HttpOnly", "SameSite=Lax", "Path=/"]) {
          expect(one.split("; ").slice(1), one).to.include(attribute);
        }
        expect(one).not.to.match(/; Domain/i);
      }
    });
  }

  it("ASVS 3.3.5: all cookies are shorter than 1,000 bytes, even with a user id of 254 characters", async () => {
    const lengths: number[] = [];
    for (const mode of ["persistent", "stateless"] as const) {
      const { set, ask, byId } = await productionSite(mode);
      addCrowd(byId);
      const long = "😀".repeat(127);
      byId.set("long", new Person(long, "Long"));
      for (const id of [...Array.from({ length: 200 }, (_, n) => String(n + 4)), "long"]) {
        expect((await ask(`POST /login/${id}`, "", { json: { remember: true } })).status).to.equal(200);
      }
      lengths.push(...set.map((one) => Buffer.byteLength(one.slice(0, one.indexOf(";")))));
    }
    expect(lengths).to.have.lengthOf(804);
    expect(Math.max(...lengths)).to.be.below(1000);
    expect(lengths.sort((a, b) => a - b)[799], "without the long id").to.be.below(200);
  });
});
