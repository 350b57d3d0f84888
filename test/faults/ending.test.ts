import { expect } from "chai";
import { backendsHere } from "../support/backends.js";
import { endPrograms, startProgram } from "../support/page-program.js";
import { places } from "../support/processes.js";
import { send } from "../support/raw-client.js";
import { startRedis, until } from "../support/redis-servers.js";
import { inTestAll } from "../support/tier.js";

const CLIENTS = 24;
const here = await backendsHere(...Object.keys(places));

inTestAll("the program in docs/operating.md", () => {
  afterEach(endPrograms);

  for (const { name } of here) {
    it(`breaks no response of ${CLIENTS} busy clients at a SIGTERM, and then ends, with ${name}`, async () => {
      const place = await places[name]!();
      const env = { SESSION_STORE: place.url, NOTICE: "3000" };
      const { origin, signal, ended } = await startProgram("docs/operating.md", "server.ts", env);
      const { cookie } = await send(origin, "POST /login");
      let [right, waiting, isAway] = [0, 0, false];
      const wrong: unknown[] = [];
      const client = async () => {
        while (!isAway) {
          waiting++;
          const { status, code } = await send(origin, "GET /", { cookie }).catch((error) => error);
          waiting--;
          if (status === 200) right++;
          else wrong.push(status ?? code);
        }
      };
      const clients = Array.from({ length: CLIENTS }, client);
      await until(async () => right > 5 * CLIENTS);
      expect((await send(origin, "GET /readyz")).status).to.equal(200);
      signal("SIGTERM");
      // Like a load balancer, the clients send nothing more when this route fails.
      await until(async () => (await send(origin, "GET /readyz")).status === 503);
      isAway = true;
      expect(waiting, "requests that are being handled").to.equal(CLIENTS);
      await Promise.all(clients);
      expect(wrong).to.eql([]);
      expect(await ended).to.equal(0);
      await place.remove();
    });
  }

  if (here.some(({ name }) => name === "redis")) {
    it("fails at /livez and /readyz while the store does not respond, and works again later", async () => {
      const redis = await startRedis();
      const { origin } = await startProgram("docs/operating.md", "server.ts", { SESSION_STORE: redis.url });
      const both = async (status: number) => {
        for (const path of ["/livez", "/readyz"])
          await until(async () => (await send(origin, `GET ${path}`)).status === status);
      };
      await both(200);
      await redis.kill("SIGSTOP");
      await both(503);
      await redis.kill("SIGCONT");
      await both(200);
      await redis.stop();
    });
  }
});
