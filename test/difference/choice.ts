import { isQuick } from "../support/tier.js";
import { soaking } from "../support/trials.js";
import { CIRCUMSTANCES, type Circumstances, type Spec } from "./spec.js";

const { session, save, compression, express, client, sessions } = CIRCUMSTANCES;

/** The value at an index, which starts again at 0 after the last value. */
function at<T>(values: readonly T[], index: number): T {
  return values[index % values.length]!;
}

/**
 * Returns the cases of the way with this index: all of them in a soak test; otherwise four, in which every value of
 * every circumstance occurs. Each way combines the values differently, so that a dozen ways
 * contain every pair of values.
 */
export function casesOf(way: string, index: number): Spec[] {
  const all = soaking ? inFull(index) : inShort(index);
  return all.map((circumstances) => ({ way, ...circumstances }));
}

/** The cases that run: all of them, but only two of each way in the quick tier. */
export function chosen(cases: Spec[], index: number): Spec[] {
  return isQuick ? cases.filter((_, turn) => turn % 2 === index % 2) : cases;
}

function inShort(index: number): Circumstances[] {
  return session.map((used, turn) => ({
    session: used,
    save: at(save, turn + index),
    compression: at(compression, turn + Math.floor(index / 3)),
    express: at(express, turn + Math.floor(index / 2)),
    client: at(client, turn + index),
    sessions: turn === (index + Math.floor(index / 4)) % 4 ? sessions[1] : sessions[0],
  }));
}

/** Combines all values, but alternates the clients. An untouched session is not saved, so `save` does not vary. */
function inFull(index: number): Circumstances[] {
  let turn = index;
  return session.flatMap((used) =>
    save.slice(0, used === "untouched" ? 1 : undefined).flatMap((saved) =>
      compression.flatMap((where) =>
        express.flatMap((version) =>
          sessions.map((kept) => ({
            ...{ session: used, save: saved, compression: where, express: version, sessions: kept },
            client: at(client, turn++ + Math.floor(turn / 5)),
          })),
        ),
      ),
    ),
  );
}
