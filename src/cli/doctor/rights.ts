import { randomBytes } from "node:crypto";
import type { SessionRecord, SessionStore } from "../../store/session-store.js";
import { reasonFor } from "../failure.js";
import { type Check, resultsOf } from "./check.js";

const KIND = "doctor";
/** The user id of the record. No user of the application has other records of this kind. */
const USER = "@doctor";
/** How long the record stays in the store if it cannot be deleted, in milliseconds. */
const LIFETIME = 60_000;

/** Creates, reads, updates, touches, lists and deletes a record of a kind that only this check uses. */
export async function checkRights(store: SessionStore): Promise<Check> {
  const { ok, failed } = resultsOf("rights");
  const id = randomBytes(32).toString("base64url");
  const now = Date.now();
  const times = { lastSeenAt: now, expiresAt: now + LIFETIME };
  const record: SessionRecord = { kind: KIND, userId: USER, data: {}, createdAt: now, ...times, revision: 0 };
  const steps: Record<string, () => Promise<boolean>> = {
    create: () => store.create(id, record).then(() => true),
    read: async () => (await store.read(id))?.kind === KIND,
    update: () => store.update(id, { data: { checked: true }, ...times, revision: 0 }),
    touch: () => store.touch(id, { lastSeenAt: now + 1, expiresAt: now + LIFETIME }),
    list: async () => !!store.lacks?.includes("listByUser") || (await isListed(store, id)),
    delete: async () => (await store.destroy(id)) !== null,
  };
  for (const [step, run] of Object.entries(steps)) {
    const problem = await run().then((done) => (done ? undefined : "the store has no such record"), reasonFor);
    if (problem === undefined) continue;
    await store.destroy(id).catch(() => {});
    return failed(`cannot ${step} a record: ${problem}`);
  }
  return ok(`can ${Object.keys(steps).join(", ")} a record`.replace(/, (\w+) a record/, " and $1 a record"));
}

async function isListed(store: SessionStore, id: string): Promise<boolean> {
  let after: string | undefined;
  do {
    const { records, next } = await store.listByUser(USER, { kind: KIND, limit: 100, after });
    if (records.some((record) => record.id === id)) return true;
    after = next ?? undefined;
  } while (after !== undefined);
  return false;
}
