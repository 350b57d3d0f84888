import { once } from "node:events";
import { Agent, type IncomingMessage, request } from "node:http";
import { expect } from "chai";
import sinon from "sinon";
import { expressVersions } from "../support/express.js";
import { countTrials, only, send } from "../support/raw-client.js";
import { serve } from "../support/server.js";
import { type Me, site } from "../support/site.js";
import { socketSite } from "../support/sockets.js";
import { WatchedStore } from "../support/watched-store.js";

const from = (address: string, agent = "Browser/1") => ({ "x-forwarded-for": address, "user-agent": agent });
const HOME = from("192.0.2.1");
const elsewhere = { address: from("192.0.2.2"), "User-Agent": from("192.0.2.1", "Browser/2") };

for (const { name, express } of expressVersions) {
  describe(`session protection on an upgrade, ${name}`, () => {
    async function loggedIn(options: Parameters<typeof site>[0], { trustProxy = true } = {}) {
      const at = await socketSite(options, { make: express });
      if (trustProxy) at.app.set("trust proxy", 1);
      const events = sinon.fake();
      at.login.on("sessionProtected", events);
      const { cookie } = await send(at.origin, "POST /login/1", { headers: HOME, json: { remember: true } });
      const open = (headers: Record<string, string>, given = cookie) => at.open({ ...headers, cookie: given });
      const me = async (headers: Record<string, string>) =>
        JSON.parse((await send(at.origin, "GET /me", { headers, cookie })).text) as Me;
      return { ...at, cookie, open, me, events };
    }

    for (const [what, headers] of Object.entries(elsewhere)) {
      it(`basic: another ${what} still gets the user, but its next HTTP request is not fresh`, async () => {
        const { open, me, events, store } = await loggedIn({});
        expect((await open(HOME)).who).to.equal("Ann");
        expect(events.callCount).to.equal(0);
        store.calls = [];
        expect((await open(headers)).who).to.equal("Ann");
        expect(events.args.map(([{ userId, mode }]) => [userId, mode])).to.deep.equal([["1", "basic"]]);
        expect(store.calls, "no writes, which could conflict with a concurrent request").to.deep.equal(["read"]);
        expect((await me(HOME)).fresh).to.equal(true);
        expect((await me(headers)).fresh).to.equal(false);
      });

      for (const mode of ["stateless", "persistent"] as const) {
        it(`strong: another ${what} gets null and ends the login, with a ${mode} remember cookie`, async () => {
          const store = new WatchedStore();
          const { open, cookie } = await loggedIn({ sessionProtection: "strong", remember: { mode }, store });
          const home = await open(HOME);
          expect([home.who, await home.again()]).to.deep.equal(["Ann", "Ann"]);
          expect((await open(headers)).who).to.equal(null);
          expect(await store.countOf("1")).to.equal(0);
          expect((await open(HOME, only("sid", cookie))).who).to.equal(null);
          // A stateless cookie stays valid, because no response removes it.
          expect(await home.again()).to.equal(mode === "persistent" ? null : "Ann");
          expect((await open(headers)).who).to.equal(mode === "persistent" ? null : "Ann");
        });
      }
    }

    it("uses the same address as HTTP behind a proxy: 100 of 100 times", async () => {
      const at = await loggedIn({ sessionProtection: "strong" });
      at.app.get("/ip", (req, res) => void res.json(req.ip));
      const same = await countTrials(100, async (n) => {
        const headers = from(`203.0.113.9, 192.0.2.${n}`);
        const overHttp = JSON.parse((await send(at.origin, "GET /ip", { headers })).text);
        const { req } = await at.open(headers, "");
        return overHttp === `192.0.2.${n}` && (req as { ip?: string }).ip === overHttp;
      });
      expect(same).to.equal(100);
    });

    it("100 forged X-Forwarded-For headers change nothing without trust proxy", async () => {
      const { open, events } = await loggedIn({ sessionProtection: "strong" }, { trustProxy: false });
      expect(await countTrials(100, async (n) => (await open(from(`10.0.0.${n}`))).who === "Ann")).to.equal(100);
      expect(events.callCount).to.equal(0);
    });

    it("still knows the client's address after the connection is closed, as after polling", async () => {
      const at = site({ sessionProtection: "strong" }, undefined, express);
      const { cookie } = await send(await serve(at.app), "POST /login/1", { headers: HOME });
      let polled!: IncomingMessage;
      const origin = await serve(async (req, res) => {
        polled = req;
        res.end((await at.login.authenticate(req))?.name ?? "nobody");
      });
      const agent = new Agent({ keepAlive: true });
      const sent = request(origin, { agent, headers: { ...HOME, cookie } }).end();
      const [answer] = (await once(sent, "response")) as [IncomingMessage];
      expect(String((await answer.toArray())[0])).to.equal("Ann");
      const closed = once(polled.socket, "close");
      agent.destroy();
      await closed;
      expect(polled.socket.destroyed).to.equal(true);
      expect(await at.login.authenticate(polled)).to.equal(at.ann);
    });
  });
}
