import type { Backend, Kept } from "./backend.js";
import { makeSession, PER_USER } from "./sessions.js";
import { type Summary, summarize, timed } from "./timing.js";

/** The times for listing and ending one user's sessions in a store of this size. */
export interface OneUserCost {
  backend: string;
  sessions: number;
  list: Summary;
  end: Summary;
}

/** A filled store. */
export interface Filled {
  kept: Kept;
  sessions: number;
}

/** In each store in turn, lists and ends a random user's sessions, and creates as many new ones. */
export async function oneUserCosts(backend: Backend, stores: Filled[], trials: number): Promise<OneUserCost[]> {
  const costs = stores.map(({ kept, sessions }) => ({ kept, sessions, list: [] as number[], end: [] as number[] }));
  for (let trial = 0; trial < trials + WARM_UP; trial++) {
    for (const cost of trial % 2 ? [...costs].reverse() : costs) {
      const { store } = cost.kept;
      const user = `u${Math.floor((Math.random() * cost.sessions) / PER_USER)}`;
      const listed = await timed(cost.list, () => store.listByUser(user, SESSIONS));
      const { ended } = await timed(cost.end, () => store.destroyByUser(user, SESSIONS));
      if (listed.records.length !== PER_USER || ended !== PER_USER) {
        throw new Error(`${backend.name}: ${user} had ${listed.records.length} sessions, ${ended} ended`);
      }
      await cost.kept.insert(Array.from({ length: PER_USER }, () => makeSession(user)));
    }
  }
  return costs.map(({ sessions, list, end }) => ({
    backend: backend.name,
    sessions,
    list: summarize(list.slice(WARM_UP)),
    end: summarize(end.slice(WARM_UP)),
  }));
}

const WARM_UP = 30;
const SESSIONS = { kind: "session", limit: 500 };
