import { insideOf } from "../../../stores/open/inside.js";
import { LoginEmitter } from "../../events.js";
import type { SessionStore } from "../../store/session-store.js";
import { TimedStore } from "../../store/timed-store.js";
import { type Command, type Outcome, STORE_OPTIONS, UsageError } from "../command.js";
import { reasonFor } from "../failure.js";
import { close, opened, placeOf, type StorePlace } from "../opened-store.js";
import { table } from "../table.js";
import { checkApplication, importedLogin, storeOf } from "./application.js";
import { type Check, resultsOf } from "./check.js";
import { checkClock } from "./clock.js";
import { checkEviction } from "./eviction.js";
import { checkLatency } from "./latency.js";
import { checkRights } from "./rights.js";
import { checkTable } from "./table.js";

/** `latchkey doctor` */
export const doctor: Command = {
  summary: "Check the store, and the options of an application, for production",
  details: `It checks that the store can be reached, the time of a read, the table and its indexes, the right to
create, read, update, list and delete records, Redis' eviction policy, and the clocks. It writes one record, which no
request can use, and deletes it. With --app it also checks the application's timeouts and cookies; run it with the
environment variables of production. A warning does not change the exit code.`,
  options: {
    ...STORE_OPTIONS,
    app: { value: "FILE", help: "a module that exports a LoginManager as login or as default; doctor imports it" },
  },
  async run({ options }): Promise<Outcome> {
    const { app } = options;
    const { url, timeout } = placeOf(options);
    if (url === undefined && app === undefined)
      throw new UsageError("the option --store or --app is required, or the variable SESSION_STORE");
    const checks = app === undefined ? [] : await ofApplication(app, url === undefined ? timeout : null);
    if (url !== undefined) checks.push(...(await ofUrl({ url, timeout })));
    const hasProblem = checks.some(({ status }) => status === "failed");
    const text = table(checks.map(({ status, check, message }) => [status, check, message]));
    return { text, json: { ok: !hasProblem, checks }, hasProblem };
  },
};

/** Checks an application. Also checks the application's store, unless `timeout` is null. */
async function ofApplication(file: string, timeout: number | null): Promise<Check[]> {
  const login = await importedLogin(file).catch((error: unknown) => resultsOf("application").failed(reasonFor(error)));
  if ("status" in login) return [login];
  const checks = checkApplication(login);
  const store = storeOf(login);
  return store && timeout !== null ? [...checks, ...(await ofStore(store, timeout))] : checks;
}

async function ofUrl(place: StorePlace): Promise<Check[]> {
  const { ok, failed } = resultsOf("store");
  const began = performance.now();
  try {
    const store = await opened(place);
    const reached = ok(`reached in ${Math.round(performance.now() - began)} ms`);
    try {
      return [reached, ...(await ofStore(store, place.timeout))];
    } finally {
      await close(store, place.timeout);
    }
  } catch (error) {
    if (error instanceof UsageError) throw error;
    return [failed(reasonFor(error))];
  }
}

async function ofStore(store: SessionStore, timeout: number): Promise<Check[]> {
  const inside = insideOf(store);
  const checks: Check[] = [];
  if (inside?.kind === "sql") checks.push(...(await checkTable(inside)));
  // Without the table, every other check would fail for the same reason.
  if (checks.some(({ check, status }) => check === "table" && status === "failed")) return checks;
  const timed = new TimedStore(store, { storeTimeout: timeout, realm: "" }, new LoginEmitter<never>());
  checks.push(await checkLatency(timed), await checkRights(timed));
  if (inside?.kind === "redis") checks.push(await checkEviction(inside));
  const clock = inside && (await checkClock(inside));
  return clock ? [...checks, clock] : checks;
}
