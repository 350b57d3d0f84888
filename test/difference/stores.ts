import { setTimeout as wait } from "node:timers/promises";
import { MemoryStore } from "express-session";
import { MemoryStore as LatchkeyMemoryStore } from "latchkey";
import { WatchedStore } from "../support/watched-store.js";
import type { Recorder } from "./recorder.js";

const SLOW = 15;

/** Waits or fails as the case says, if the handler has started to respond. */
async function behave(recorder: Recorder): Promise<void> {
  const { isAnswering, spec, trace } = recorder;
  if (!isAnswering || spec.save === "fast") return;
  recorder.storeCalls++;
  await wait(SLOW);
  recorder.storeCalls--;
  recorder.moves++;
  if (spec.save === "slow") return;
  trace.failures++;
  throw new Error("connection refused");
}

/** The store for latchkey's sessions and remembered browsers. */
export function storeOf(recorder: Recorder): WatchedStore {
  // A small store is created faster.
  const memory = new LatchkeyMemoryStore({ maxOfKind: 10 });
  const store = new WatchedStore(memory);
  store.before = () => (recorder.isAnswering && recorder.spec.save !== "fast" ? behave(recorder) : undefined);
  return store;
}

type Callback = (error?: unknown) => void;

/** The store of an express-session. */
export class ExpressSessionStore extends MemoryStore {
  constructor(readonly recorder: Recorder) {
    super();
  }

  override set(sid: string, session: never, callback?: Callback): void {
    void behave(this.recorder).then(
      () => super.set(sid, session, callback),
      (error) => callback?.(error),
    );
  }

  override touch(sid: string, session: never, callback?: Callback): void {
    void behave(this.recorder).then(
      () => (super.touch as (sid: string, session: never, callback?: Callback) => void)(sid, session, callback),
      (error) => callback?.(error),
    );
  }

  override destroy(sid: string, callback?: Callback): void {
    void behave(this.recorder).then(
      () => super.destroy(sid, callback),
      (error) => callback?.(error),
    );
  }
}
