import { expect } from "chai";
import express from "express";
import { MovingStore } from "latchkey/stores/moving";
import sinon from "sinon";
import { backendsHere } from "../support/backends.js";
import { DeviceBrowser, proofOf } from "../support/device-browser.js";
import { DEVICE, deviceSite, EXPIRED, GRACE, REMEMBER, SID, settled } from "../support/device-site.js";
import { storedBrowsers, storedSessions } from "../support/records.js";
import { serve } from "../support/server.js";
import { WatchedStore } from "../support/watched-store.js";

const [memory] = await backendsHere("memory");

for (const { name, open } of await backendsHere("memory", "redis", "sql on better-sqlite3")) {
  describe(`bound logins that move from memory to ${name}`, () => {
    let clock: sinon.SinonFakeTimers;
    beforeEach(() => {
      clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
    });
    afterEach(() => sinon.restore());

    for (const used of [true, false]) {
      it(`keep their keys, and need them in the new store, ${used ? "moved at their use" : "moved by moveByUser"}`, async () => {
        const [from, to] = [await memory!.open(), await open()];
        try {
          const moving = new MovingStore({ from: from.store, to: to.store });
          const before = await deviceSite({ store: new WatchedStore(from.store) });
          const during = await deviceSite({ store: new WatchedStore(moving) });
          const after = await deviceSite({ store: new WatchedStore(to.store) });
          let current = before;
          const origin = await serve(express().use((req, res) => current.app(req, res)));
          const bound = async (json: object) => {
            const browser = new DeviceBrowser(origin);
            await browser.post("/login/1", { json });
            await browser.get("/me");
            await settled();
            return browser;
          };
          const browsers = [await bound({ remember: true }), await bound({})];
          const devices = async (store: typeof from.store) =>
            [...(await storedSessions(store, "1")), ...(await storedBrowsers(store, "1"))].map(
              ({ data }) => ((data.auth ?? data.login) as { device: object }).device,
            );
          const kept = await devices(from.store);
          expect(kept).to.have.length(3);
          clock.tick(used ? EXPIRED : GRACE);
          if (used) {
            current = during;
            for (const browser of browsers) expect((await browser.get("/me")).status).to.equal(200);
            // A signed challenge that was used before its record moved is of no use afterwards.
            const [session] = [...browsers[0]!.sessions.values()];
            const proof = await proofOf(session!.challenge!, session!);
            const headers = { "sec-secure-session-id": session!.id, "secure-session-response": proof };
            const copy = await browsers[0]!.copied();
            const refresh = async ({ sendCopy }: typeof before) =>
              (await sendCopy("POST /device-bound/refresh", copy, { headers })).status;
            expect([await refresh(during), await refresh(after), await refresh(during)]).to.eql([200, 403, 403]);
          }
          await moving.moveByUser("1");
          expect(await devices(from.store)).to.eql([]);
          expect(await devices(to.store)).to.have.deep.members(kept);
          const [listed] = await after.login.sessions.list("1");
          expect(listed!.deviceBound).to.equal(true);

          clock.tick(EXPIRED);
          for (const name of [SID, REMEMBER]) {
            const copy = `${name}=${await browsers[0]!.cookie(name)}`;
            expect((await after.sendCopy("GET /me", copy)).status, name).to.equal(401);
          }
          current = after;
          for (const browser of browsers) {
            expect((await browser.get("/me")).status).to.equal(200);
            expect(await browser.cookie(DEVICE)).to.be.a("string");
          }
          await browsers[0]!.restart();
          expect((await browsers[0]!.get("/me")).status).to.equal(200);
        } finally {
          await from.close();
          await to.close();
        }
      });
    }
  });
}
