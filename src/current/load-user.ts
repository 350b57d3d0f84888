import { traced } from "../trace.js";
import type { LoadedUser, RequestContext } from "./request-context.js";
import { resolveUser, type SessionLogin } from "./resolve-user.js";
import { assertOutsideLoader } from "./running-context.js";

/** Returns the user of a request, and loads it at the first call. If nobody is logged in, it is the anonymous user. */
export function loadUser(context: RequestContext): Promise<LoadedUser> {
  assertOutsideLoader(context);
  return context.loading ?? begin(context);
}

/** Waits for a load in progress. Otherwise it would finish after the caller's changes and undo them. */
export async function waitForLoad(context: RequestContext): Promise<void> {
  assertOutsideLoader(context);
  await context.loading?.catch(() => {});
}

/**
 * Records that the user is being loaded, then starts to load: listeners that are called during the load may ask for the
 * user too.
 */
function begin(context: RequestContext): Promise<LoadedUser> {
  let resolve!: (loading: Promise<LoadedUser>) => void;
  context.loading = new Promise((resolved) => {
    resolve = resolved;
  });
  const { loading, req } = context;
  resolve(traced("load", { req }, () => load(context)));
  return loading;
}

async function load(context: RequestContext): Promise<LoadedUser> {
  const { core, req, session } = context;
  core.events.emit("userAccessed", { req });
  const found = await resolveUser(core, req, loginIn(context), context);
  if (!found) return context.settleAnonymous();
  session.markPersonal();
  return context.settle(found);
}

function loginIn({ session, sessionAuth }: RequestContext): SessionLogin | undefined {
  return (
    sessionAuth && {
      auth: sessionAuth,
      get recordId() {
        return session.recordId;
      },
      change: (changes) => session.changeAuth(sessionAuth, changes),
      noteUse() {},
      end: () => session.end(),
    }
  );
}
