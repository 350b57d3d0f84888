import { expect } from "chai";
import { afterTest } from "../support/after-test.js";
import { backendsHere } from "../support/backends.js";
import { places, startSite } from "../support/processes.js";
import { countTrials, send } from "../support/raw-client.js";

const TRIALS = 100;
const here = await backendsHere(...Object.keys(places));

describe("two processes over one store", () => {
  for (const { name } of here) {
    describe(`on ${name}`, () => {
      it(`the next request in one process sees a login or a logout in the other (${TRIALS} times)`, async () => {
        const place = await places[name]!();
        afterTest(place.remove);
        const both = await Promise.all([startSite(place.url), startSite(place.url)]);
        const seen = await countTrials(TRIALS, async (trial) => {
          const [one, other] = trial % 2 ? both : both.toReversed();
          const { cookie } = await send(one!.origin, "POST /login/1");
          const during = await send(other!.origin, "GET /me", { cookie });
          await send(one!.origin, "POST /logout", { cookie });
          const after = await send(other!.origin, "GET /me", { cookie });
          return during.status === 200 && after.status === 401;
        });
        expect(seen).to.equal(TRIALS);
      });
    });
  }
});
