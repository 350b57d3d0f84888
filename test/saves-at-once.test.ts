import { expect } from "chai";
import { Gate } from "./support/barrier.js";
import { send } from "./support/raw-client.js";
import { serve } from "./support/server.js";
import { site } from "./support/site.js";
import { WatchedStore } from "./support/watched-store.js";

const REQUESTS = 16;

declare module "express-session" {
  interface SessionData {
    [seat: `seat${number}`]: true;
  }
}

describe(`${REQUESTS} requests of one session that are saved at once`, () => {
  /** Sends them all, and lets no save go on before all of them have come to theirs. */
  async function saveAtOnce(take: string) {
    const store = new WatchedStore();
    const { app } = site({ store });
    app.post("/seats/:seat", (req, res) => {
      req.session[`seat${Number(req.params.seat)}`] = true;
      res.send("taken");
    });
    app.get("/seats", (req, res) => {
      res.json(Object.keys(req.session).filter((key) => key.startsWith("seat")));
    });
    const origin = await serve(app);
    const { cookie } = await send(origin, take);
    store.calls = [];
    const gate = new Gate();
    store.before = (verb) => (verb === "update" ? gate.pass() : undefined);
    const seats = Array.from({ length: REQUESTS }, (_, seat) => seat);
    const answers = Promise.all(seats.map((seat) => send(origin, `POST /seats/${seat}`, { cookie })));
    await gate.arrived(REQUESTS);
    const held = [...store.calls];
    gate.open();
    const taken = seats.map((seat) => `seat${seat}`);
    return { answers: await answers, held, taken, read: () => send(origin, "GET /seats", { cookie }), store };
  }

  for (const [whose, begin] of [
    ["an anonymous visitor", "POST /note/cart"],
    ["somebody logged in", "POST /login/1"],
  ] as const) {
    it(`of ${whose}: all are at their save before one is let go, and every change is kept`, async () => {
      const { answers, held, taken, read, store } = await saveAtOnce(begin);
      expect(held.filter((verb) => verb === "update")).to.have.length(REQUESTS);
      expect(answers.map(({ status }) => status)).to.deep.equal(Array(REQUESTS).fill(200));
      const { text } = await read();
      expect((JSON.parse(text) as string[]).sort()).to.deep.equal(taken.sort());
      // Each had read the same revision: all but the first had to save again, over what the others had saved.
      expect(store.calls.filter((verb) => verb === "update").length).to.be.above(REQUESTS);
    });
  }
});
