import { expect } from "chai";
import { send } from "../support/raw-client.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";

const circle: Record<string, unknown> = {};
circle.self = circle;

/** What JSON cannot hold, and what it makes of things that it changes. */
const refused: Record<string, unknown> = {
  "a BigInt": 1n,
  "a circle": circle,
  "a getter that throws": Object.defineProperty({}, "x", {
    enumerable: true,
    get() {
      throw new Error("no");
    },
  }),
  "a toJSON that throws": {
    toJSON() {
      throw new Error("no");
    },
  },
};
const kept: Record<string, [given: unknown, read: unknown]> = {
  "a megabyte": ["x".repeat(1_000_000), "x".repeat(1_000_000)],
  "a Date": [new Date(0), "1970-01-01T00:00:00.000Z"],
  "a Map": [new Map([["a", 1]]), {}],
  "what is not there": [undefined, null],
  "the names of the prototype": [
    JSON.parse('{"__proto__":{"x":1},"constructor":1}'),
    JSON.parse('{"__proto__":{"x":1},"constructor":1}'),
  ],
};

/** A site with somebody logged in, whose session a route puts this into. */
async function putting(value: unknown) {
  const { app, store } = site();
  app.post("/put", (req, res) => {
    req.session.note = value as string;
    res.send("put");
  });
  const origin = await serve(app);
  const { cookie } = await send(origin, "POST /login/1");
  const { status, text } = await send(origin, "POST /put", { cookie });
  return { status, text, store, get: async (path: string) => send(origin, `GET ${path}`, { cookie }) };
}

describe("a session into which the application puts", () => {
  for (const [what, value] of Object.entries(refused)) {
    it(`R-21: ${what}: the response is an error, and the session is as it was`, async () => {
      const { status, store, get } = await putting(value);
      expect(status).to.equal(500);
      expect(store.calls).not.to.include("update");
      expect((await get("/me")).status).to.equal(200);
      expect((await get("/note")).text).to.equal("null");
    });
  }
  for (const [what, [value, read]] of Object.entries(kept)) {
    it(`R-21: ${what}: it is kept as JSON keeps it, and nothing else is touched`, async () => {
      const { status, text, get } = await putting(value);
      expect([status, text]).to.eql([200, "put"]);
      expect((await get("/me")).status).to.equal(200);
      expect((await get("/note")).text).to.equal(JSON.stringify(read));
      expect(({} as { x?: unknown }).x).to.equal(undefined);
    });
  }
});
