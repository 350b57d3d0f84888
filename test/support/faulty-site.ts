import sinon from "sinon";
import { send } from "./raw-client.js";
import { serve } from "./server.js";
import { site } from "./site.js";
import type { Verb } from "./watched-store.js";

/** The ways in which a call to the store can fail. */
export const faults: Record<string, () => unknown> = {
  fails: () => Promise.reject(new Error("connection refused")),
  hangs: () => new Promise(() => {}),
  throws: () => {
    throw new Error("driver closed");
  },
};

/** A site with a remembered login. After a call of `break`, the given methods of its store fail. */
export async function faultySite(fault: () => unknown, options: Parameters<typeof site>[0] = {}) {
  const at = site({ storeTimeout: "50ms", ...options });
  const failed: string[] = [];
  const restored = sinon.fake();
  at.login.on("loadedFromCookie", restored);
  const load = sinon.spy((id: string) => at.byId.get(id));
  at.login.userLoader(load);
  const origin = await serve(at.app);
  const { cookie } = await send(origin, "POST /login/1", { json: { remember: true } });
  load.resetHistory();
  return {
    ...at,
    origin,
    cookie,
    load,
    restored,
    /** The methods of the calls that failed, or hang. */
    operations: () => failed,
    break: (...verbs: Verb[]) => {
      at.store.before = (verb) => {
        if (!verbs.includes(verb)) return undefined;
        failed.push(verb.replace(/^\w+\./, ""));
        return fault();
      };
    },
    mend: () => {
      at.store.before = () => undefined;
    },
  };
}
