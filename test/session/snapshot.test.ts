import { expect } from "chai";
import { send } from "../support/raw-client.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";

const circle: Record<string, unknown> = {};
circle.self = circle;

/** Values that JSON cannot store. */
const refused: Record<string, unknown> = {
  "a BigInt": 1n,
  "a circular object": circle,
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
/** Values that JSON can store, each with the value that is read back. */
const kept: Record<string, [given: unknown, read: unknown]> = {
  "a megabyte": ["x".repeat(1_000_000), "x".repeat(1_000_000)],
  "a Date": [new Date(0), "1970-01-01T00:00:00.000Z"],
  "a Map": [new Map([["a", 1]]), {}],
  undefined: [undefined, null],
  "names of prototype properties": [
    JSON.parse('{"__proto__":{"x":1},"constructor":1}'),
    JSON.parse('{"__proto__":{"x":1},"constructor":1}'),
  ],
};

/** Logs Ann in and stores this value in her session. */
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

describe("storing a value in the session", () => {
  for (const [what, value] of Object.entries(refused)) {
    it(`R-21: sends 500 for ${what}, and the session stays unchanged`, async () => {
      const { status, store, get } = await putting(value);
      expect(status).to.equal(500);
      expect(store.calls).not.to.include("update");
      expect((await get("/me")).status).to.equal(200);
      expect((await get("/note")).text).to.equal("null");
    });
  }
  for (const [what, [value, read]] of Object.entries(kept)) {
    it(`R-21: stores ${what} in its JSON form, and changes nothing else`, async () => {
      const { status, text, get } = await putting(value);
      expect([status, text]).to.eql([200, "put"]);
      expect((await get("/me")).status).to.equal(200);
      expect((await get("/note")).text).to.equal(JSON.stringify(read));
      expect(({} as { x?: unknown }).x).to.equal(undefined);
    });
  }
});
