import { expect } from "chai";
import { backendsHere } from "../support/backends.js";
import { places } from "../support/processes.js";
import { inTestAll } from "../support/tier.js";
import { type Installed, installVersion } from "../support/versions.js";
import { BalancedSites, type Version } from "./balanced-sites.js";
import { Visitor } from "./visitor.js";

const FIXTURE = "latchkey-format-1.tgz";
const PROCESSES = 3;
/** How many requests each process of a mix of versions responds to before the next process is replaced. */
const EACH = 70;
const VISITORS = 4;
const here = await backendsHere(...Object.keys(places));

/** Calls a function again and again, in parallel, until `stop` is called. Rejects with its first error. */
function repeat(...rounds: Array<() => Promise<void>>): { stop(): Promise<void>; failed: Promise<never> } {
  let isGoing = true;
  const loops = rounds.map(async (round) => {
    while (isGoing) await round();
  });
  const all = Promise.all(loops);
  const failed = all.then(() => new Promise<never>(() => {}));
  failed.catch(() => {}); // stop() reports the error, even if nothing waits for this promise
  return {
    async stop() {
      isGoing = false;
      await all;
    },
    failed,
  };
}

inTestAll("the last version and the present one, side by side on one store", () => {
  let old: Installed;
  let present: Installed;
  let versions: Record<"old" | "present" | "later", Version>;
  before(async () => {
    old = await installVersion("upgrades/site.js", FIXTURE);
    present = await installVersion("upgrades/site.js");
    versions = {
      old: { name: "old", program: old.program },
      present: { name: "present", program: present.program },
      later: { name: "later", program: present.program },
    };
  });
  after(async () => {
    await old?.remove();
    await present?.remove();
  });

  for (const { name } of here) {
    it(`on ${name}, no visitor notices an upgrade, a second upgrade that adds fields, and a rollback of both`, async () => {
      const place = await places[name]!();
      const sites = new BalancedSites(place.url);
      const visitors: Visitor[] = [];
      const running: Array<ReturnType<typeof repeat>> = [];
      /** Starts visitors: one logs in and out again and again, the others stay logged in. */
      const start = async () => {
        const first = visitors.length;
        for (let n = 0; n < VISITORS; n++) visitors.push(new Visitor(sites, String(first + n)));
        const [guest, ...members] = visitors.slice(first);
        for (const member of members) await member.logIn();
        running.push(repeat(() => guest!.visit(), ...members.map((member) => () => member.use())));
      };
      const settled = async () => {
        const failed = Promise.race(running.map((one) => one.failed));
        while (!sites.hasServed(EACH)) await Promise.race([new Promise((resolve) => setTimeout(resolve, 20)), failed]);
      };
      const replaceAllBy = async (version: Version) => {
        for (let replaced = 0; replaced < PROCESSES; replaced++) {
          await sites.add(version);
          await sites.removeOldest();
          await settled();
        }
        expect(new Set(sites.versions)).to.eql(new Set([version.name]));
      };
      try {
        for (let started = 0; started < PROCESSES; started++) await sites.add(versions.old);
        const { latchkey } = JSON.parse((await sites.send("GET /version")).text) as { latchkey: string };
        expect(latchkey).to.include(old.folder);
        await start();
        await settled();
        await replaceAllBy(versions.present);
        await replaceAllBy(versions.later);
        await start();
        await settled();
        await replaceAllBy(versions.old);
        for (const one of running) await one.stop();
        const problems = visitors.flatMap((visitor) => visitor.problems);
        expect(problems.slice(0, 10), `${problems.length} problems`).to.eql([]);
        expect(sites.total).to.be.above(2000);
        expect(Object.keys(sites.statuses)).to.have.members(["200", "401"]);
      } finally {
        await Promise.allSettled(running.map((one) => one.stop()));
        await sites.stop();
        await place.remove();
      }
    });
  }
});
