import { expect } from "chai";
import { MemoryStore } from "latchkey";
import { impersonationSite } from "../support/impersonation-site.js";
import { interleaved, type Line } from "../support/interleave.js";
import { send } from "../support/raw-client.js";
import { endStoredSessions, storedBrowsers } from "../support/records.js";
import { trials } from "../support/trials.js";
import { WatchedStore } from "../support/watched-store.js";

const TRIALS = trials(1000, 60, 30);

type Site = Awaited<ReturnType<typeof impersonationSite>>;

async function twoSites(): Promise<[Site, Site]> {
  const inner = new MemoryStore();
  const [one, two] = [new WatchedStore(inner), new WatchedStore(inner)];
  const sites: [Site, Site] = [await impersonationSite({ store: one }), await impersonationSite({ store: two })];
  for (const { app, login } of sites) {
    app.post("/name/:id/:label", async (req, res) => {
      res.json(await login.sessions.rename("1", req.params.id, req.params.label));
    });
  }
  return sites;
}

/** Logs Ann in, and lets her act as Bob if the verb ends that. Returns her cookies and the id of her login. */
async function enter([{ origin, login }]: [Site, Site], verb: string, remember: boolean) {
  for (const id of ["1", "2"]) await login.sessions.revokeAll(id);
  const { cookie } = await send(origin, "POST /login/1", { json: { remember, label: "first" } });
  const [own] = await login.sessions.list("1");
  const acting = verb === "/stop" ? (await send(origin, "POST /as/2", { cookie })).cookie : cookie;
  return { cookie: acting, id: own!.id };
}

/** The labels of the user's logins: those in the list, and those that a restore brings back. */
async function labelsOf([{ login, store }]: [Site, Site], user: string): Promise<Array<string | null>> {
  const shown = (await login.sessions.list(user)).map(({ label }) => label);
  if ((await storedBrowsers(store.inner, user)).length === 0) return shown;
  await endStoredSessions(store.inner, user);
  return [...shown, ...(await login.sessions.list(user)).map(({ label }) => label)];
}

describe("the login of an administrator that is renamed", () => {
  for (const verb of ["/as/2", "/stop"]) {
    for (const order of ["within", "around"]) {
      for (const remember of [false, true]) {
        const kind = remember ? "remembered login" : "login";
        it(`keeps the new label ${order} ${verb} of a ${kind}, and the user's does not get it (${TRIALS} times)`, async () => {
          const sites = await twoSites();
          const wrong: string[] = [];
          let made = 0;
          for (let behind = 0; made < TRIALS; behind = (behind + 1) % 5) {
            for (let at = 1; made < TRIALS; at++) {
              const { cookie, id } = await enter(sites, verb, remember);
              const lines: [Line, Line] = [{ line: `POST ${verb}`, cookie }, { line: `POST /name/${id}/second` }];
              if (order === "around") lines.reverse();
              const answers = await interleaved(sites, lines, { at, behind });
              if (!answers) break;
              made++;
              const [acted, renamed] = order === "within" ? answers : [answers[1], answers[0]];
              const bobs = await labelsOf(sites, "2");
              if (verb === "/as/2") await send(sites[0].origin, "POST /stop", { cookie: acted.cookie });
              const found = [acted.status, renamed.text, bobs, await labelsOf(sites, "1")];
              const expected = [
                200,
                "true",
                verb === "/as/2" ? [null] : [],
                remember ? ["second", "second"] : ["second"],
              ];
              if (JSON.stringify(found) !== JSON.stringify(expected))
                wrong.push(`${at} ${behind}: ${JSON.stringify(found)}`);
            }
          }
          expect(wrong).to.deep.equal([]);
        });
      }
    }
  }
});
