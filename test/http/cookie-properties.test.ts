import { expect } from "chai";
import fc from "fast-check";
import sinon from "sinon";
import { attackedSite, decoded } from "../support/attacked-site.js";
import { backendsHere, type Opened } from "../support/backends.js";
import { valuesOf } from "../support/hostile-cookies.js";
import { REMEMBERING } from "../support/remembered.js";
import { seed, soaking, trials } from "../support/trials.js";

const here = await backendsHere(...(soaking ? REMEMBERING : ["memory", "redis"]));
const run = { seed, numRuns: trials(20_000, 300, 60) };

describe(`arbitrary cookies (seed ${seed})`, () => {
  beforeEach(() => {
    sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
  });
  afterEach(() => sinon.restore());

  for (const { name, open } of here) {
    for (const mode of ["persistent", "stateless"] as const) {
      describe(`on ${name}, with ${mode} remember cookies`, () => {
        let opened: Opened;
        before(async () => {
          opened = await open();
        });
        after(() => opened?.close());

        it("P1 open only the login that exactly this cookie was issued for", async () => {
          const at = await attackedSite(opened, mode);
          const found: Record<string, number> = {};
          await fc.assert(
            fc.asyncProperty(at.headers, async (header) => {
              const { name } = await at.visit(header);
              expect(name).to.equal(at.ownerOf(header));
              found[String(name)] = (found[String(name)] ?? 0) + 1;
            }),
            run,
          );
          expect(found).to.have.all.keys("Ann", "Bob", "null");
        });

        it("P2 get 200 or 401, with at most one store read for a signed cookie and none for others", async () => {
          const at = await attackedSite(opened, mode);
          await fc.assert(
            fc.asyncProperty(at.headers, async (header) => {
              const { status } = await at.visit(header);
              expect(status).to.be.oneOf([200, 401]);
              const sessions = valuesOf(header, "sid");
              const isSigned = sessions.length === 1 && /^s:.+\../.test(decoded(sessions[0]!));
              const count = (verb: string) => at.store.calls.filter((call) => call === verb).length;
              expect(count("read")).to.be.at.most(isSigned ? 1 : 0);
              expect(count("browser.read")).to.be.at.most(at.hasToken(header) ? 1 : 0);
              if (!isSigned && !at.hasToken(header) && at.ownerOf(header) === null) expect(at.store.calls).to.eql([]);
            }),
            run,
          );
        });

        it("P3 reach the store only as SHA-256 hashes", async () => {
          const at = await attackedSite(opened, mode);
          let calls = 0;
          await fc.assert(
            fc.asyncProperty(at.headers, async (header) => {
              await at.visit(header);
              for (const [verb, id] of at.seen) {
                if (verb === "listByUser") expect(id).to.be.oneOf(["1", "2"]);
                else expect(id, verb).to.match(/^[\w-]{43}$/);
              }
              const text = JSON.stringify(at.seen);
              const values = ["sid", "remember"]
                .flatMap((one) => valuesOf(header, one))
                .filter(({ length }) => length > 11);
              for (const value of values.flatMap((one) => [
                one,
                ...decoded(one)
                  .split(/[.:]/)
                  .filter(({ length }) => length > 11),
              ])) {
                expect(text).not.to.include(value);
              }
              calls += at.seen.length;
            }),
            run,
          );
          expect(calls).to.be.greaterThan(run.numRuns / 10);
        });
      });
    }
  }
});
