import type { SessionAuth } from "../session/auth.js";
import { traced } from "../trace.js";
import type { LoadedUser, RequestContext } from "./request-context.js";
import { resolveUser, type SessionLogin } from "./resolve-user.js";
import { assertOutsideLoader } from "./running-context.js";

/** Resolves with the user of a request, or with the anonymous user. Loads the user only at the first call. */
export function loadUser(context: RequestContext): Promise<LoadedUser> {
  assertOutsideLoader(context);
  if (context.loaded) return Promise.resolve(context.loaded);
  return context.loading ?? begin(context);
}

/** Waits until a load in progress has finished. Otherwise, the load could undo what the caller changes. */
export async function waitForLoad(context: RequestContext): Promise<void> {
  assertOutsideLoader(context);
  await context.loading?.catch(() => {});
}

/**
 * Runs `change`, which changes who is logged in. A load in progress finishes first, and a load that starts meanwhile
 * waits. Otherwise, the load could restore or end a login in the session that `change` makes, or give the request its
 * previous user.
 *
 * `change` must not wait for the user of the request.
 */
export async function changeLogin<T>(context: RequestContext, change: () => Promise<T>): Promise<T> {
  let loading: Promise<unknown> | undefined;
  while (context.changing || context.loading !== loading) {
    ({ loading } = context);
    await context.changing;
    await waitForLoad(context);
  }
  const changed = change();
  context.changing = changed.then(
    () => {},
    () => {},
  );
  try {
    return await changed;
  } finally {
    context.changing = undefined;
  }
}

/** Stores the promise before it starts to load, because listeners that run during the load may need the user too. */
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
  if (context.changing) {
    await context.changing;
    if (context.loaded) return context.loaded;
  }
  const found = await resolveUser(core, req, loginIn(context), context);
  if (!found) return context.settleAnonymous();
  session.markPersonal();
  return found.missing ? context.settlePending({ ...found, missing: found.missing }) : context.settle(found);
}

function loginIn(context: RequestContext): SessionLogin | undefined {
  const { sessionAuth } = context;
  return sessionAuth && new CurrentLogin(context, sessionAuth);
}

/** The login in the session of a request that an application handles. */
class CurrentLogin implements SessionLogin {
  constructor(
    private readonly context: RequestContext,
    readonly auth: SessionAuth,
  ) {}

  get recordId(): string | null {
    return this.context.session.recordId;
  }

  change(changes: Partial<SessionAuth>): void {
    this.context.session.changeAuth(this.auth, changes);
  }

  /** Does nothing, because the session updates its last use when the response begins. */
  noteUse(): void {}

  setAside(): void {
    this.context.aside = this.auth;
    this.context.session.setAside();
  }

  end(): Promise<boolean> {
    return this.context.session.end();
  }
}
