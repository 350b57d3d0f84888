import { randomBytes } from "node:crypto";
import type { SessionStore } from "../../store/session-store.js";
import { reasonFor } from "../failure.js";
import { type Check, resultsOf } from "./check.js";

const READS = 20;
/** If a read takes longer than this, in milliseconds, every page is noticeably slower. */
const SLOW = 50;

/** Measures how long it takes to read an id that does not exist, as each request with a session does. */
export async function checkLatency(store: SessionStore): Promise<Check> {
  const { ok, warning, failed } = resultsOf("latency");
  const id = randomBytes(32).toString("base64url");
  const times: number[] = [];
  try {
    for (let i = 0; i < READS; i++) {
      const began = performance.now();
      await store.read(id);
      times.push(performance.now() - began);
    }
  } catch (error) {
    return failed(reasonFor(error));
  }
  const median = times.sort((a, b) => a - b)[READS / 2]!;
  const message = `${median.toFixed(2)} ms for a read (median of ${READS})`;
  return median > SLOW ? warning(`${message}; each request with a session reads once`) : ok(message);
}
