import { expect } from "chai";
import sinon from "sinon";
import { Gate } from "../support/barrier.js";
import { send } from "../support/raw-client.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";
import { expectNoUnhandledRejections } from "../support/unhandled.js";

describe("storeTimeout", () => {
  expectNoUnhandledRejections();
  afterEach(() => sinon.restore());

  it("limits each of several overlapping calls separately, also in a second round", async () => {
    const { app, store } = site({ storeTimeout: "1s" });
    const origin = await serve(app);
    const { cookie } = await send(origin, "POST /login/1");
    const clock = sinon.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    const given: string[] = [];
    /** Sends a request whose read waits for a gate. Resolves when the read has begun. */
    const begin = async (name: string) => {
      const gate = new Gate();
      store.before = () => gate.pass();
      const answered = send(origin, "GET /me", { cookie }).then(({ status }) => void given.push(`${name} ${status}`));
      await gate.arrived();
      return { answered, gate };
    };

    for (const round of ["first", "second"]) {
      given.length = 0;
      const early = await begin("early");
      clock.tick(400);
      const answering = await begin("prompt");
      clock.tick(400);
      const late = await begin("late");
      clock.tick(199);
      answering.gate.open();
      await answering.answered;
      expect(given, round).to.eql(["prompt 200"]);
      clock.tick(1);
      await early.answered;
      clock.tick(799);
      expect(given, round).to.eql(["prompt 200", "early 503"]);
      clock.tick(1);
      await late.answered;
      expect(given, round).to.eql(["prompt 200", "early 503", "late 503"]);
      late.gate.open();
      early.gate.open();
    }
  });
});
