import { setTimeout as wait } from "node:timers/promises";
import { expect } from "chai";
import express from "express";
import { currentUser, LoginManager, loginUser } from "latchkey";
import { Person, SECRET } from "../support/people.js";
import { countTrials, send } from "../support/raw-client.js";
import { serve } from "../support/server.js";
import { trials } from "../support/trials.js";

const USERS = 50;
const REQUESTS = trials(10_000, 10_000, 2000);

/** Waits in one of the ways that code can wait, chosen at random, so that other requests run in between. */
function pause(): Promise<unknown> {
  const chance = Math.floor(Math.random() * 6);
  if (chance < 3) return wait(chance + 1);
  if (chance === 3) return new Promise((resolve) => setImmediate(resolve));
  if (chance === 4) return new Promise((resolve) => process.nextTick(resolve));
  return Promise.resolve();
}

/** Returns the current user's name without access to the request. */
async function whoAmI(): Promise<string> {
  await pause();
  const { name } = (await currentUser()) as Person;
  await pause();
  return name;
}

describe("currentUser without a request", () => {
  it(`always returns the user of the current request (${REQUESTS} interleaved requests of ${USERS} users)`, async () => {
    const byId = new Map(Array.from({ length: USERS }, (_, n) => [String(n), new Person(String(n), `User ${n}`)]));
    const app = express();
    const userLoader = async (id: string) => {
      await pause();
      return byId.get(id);
    };
    new LoginManager({ secret: SECRET, userLoader }).init(app);
    app.post("/login/:id", async (req, res) => void res.json(await loginUser(req, byId.get(req.params.id)!)));
    app.use((_req, _res, next) => void pause().then(() => next()));
    app.use(express.json());
    app.all("/who", async (req, res) => {
      const names = [await whoAmI(), ...(await Promise.all([whoAmI(), whoAmI()]))];
      req.emit("asked", (name: string) => names.push(name));
      await pause();
      names.push(((await currentUser()) as Person).name);
      res.json({ names, posted: (req.body as { n?: number } | undefined)?.n ?? null });
    });
    const origin = await serve(app);
    const cookies: string[] = [];
    for (const id of byId.keys()) cookies.push((await send(origin, `POST /login/${id}`)).cookie);

    const inFlight = { now: 0, most: 0 };
    const right = await countTrials(
      REQUESTS,
      async (n) => {
        inFlight.most = Math.max(inFlight.most, ++inFlight.now);
        const posts = n % 2 === 0;
        const { text } = await send(origin, posts ? "POST /who" : "GET /who", {
          cookie: cookies[n % USERS]!,
          ...(posts ? { json: { n, padding: "x".repeat(n % 7 === 0 ? 70_000 : 10) } } : {}),
        });
        inFlight.now--;
        const { names, posted } = JSON.parse(text) as { names: string[]; posted: number | null };
        return (
          names.length === 4 && names.every((name) => name === `User ${n % USERS}`) && posted === (posts ? n : null)
        );
      },
      64,
    );
    expect(right).to.equal(REQUESTS);
    expect(inFlight.most).to.equal(64);
  });
});
