import type { Request } from "express";
import type { Core } from "../core.js";
import { hasStamp } from "../crypto/security-stamp.js";
import { LatchkeyError, LoaderMissingError, UserIdError } from "../errors.js";
import { kindOf } from "../text.js";
import { checkUserId, isActiveUser } from "../user.js";
import { runLoader } from "./running-context.js";

/**
 * Calls the application's user loader. Returns the user with this id, or null.
 *
 * @throws UserIdError if the loader returns anything except the user with this id or null
 */
export function userById(core: Core, req: Request, id: string): object | null | Promise<object | null> {
  const { userLoader, requestLoader } = core;
  if (!userLoader) throw new LoaderMissingError(requestLoader ? "userLoader" : "userLoader or requestLoader");
  return runLoader(core, req, userLoader, [id, req], (loaded) => {
    const asked = () => `userLoader was called with the id ${JSON.stringify(id)}`;
    const found = identified(core, loaded, asked);
    if (found && found.id !== id) {
      throw new UserIdError(
        `${asked()} and returned the user ${JSON.stringify(found.id)}; it must return the user, or null`,
      );
    }
    return found?.user ?? null;
  });
}

/**
 * Calls the application's request loader. Resolves with the user that the request itself identifies, or with null.
 *
 * @throws UserIdError if the loader returns anything except a user or null
 */
export async function userByRequest(core: Core, req: Request): Promise<object | null> {
  const { userLoader, requestLoader } = core;
  if (!userLoader && !requestLoader) throw new LoaderMissingError("userLoader or requestLoader");
  if (!requestLoader) return null;
  const asked = () => "requestLoader was called";
  return runLoader(core, req, requestLoader, [req], (loaded) => identified(core, loaded, asked)?.user ?? null);
}

/**
 * Checks the result of a loader. Returns the user and its id, or null. Without this check, an empty query result such
 * as `[]` would pass every guard.
 */
function identified({ options }: Core, user: unknown, asked: () => string): { user: object; id: string } | null {
  if (user === null || user === undefined || user === false) return null;
  if (typeof user !== "object") throw wrongUser(asked(), kindOf(user));
  try {
    return { user, id: checkUserId(options.userId(user), "userId()") };
  } catch (cause) {
    throw wrongUser(asked(), `${kindOf(user)} without a valid user id`, cause);
  }
}

function wrongUser(asked: string, what: string, cause?: unknown): UserIdError {
  return new UserIdError(`${asked} and returned ${what}; it must return the user, or null`, { cause });
}

/**
 * May this user log in? If the user has no `isActive`, loads the user too, because the loaded user may have that
 * property.
 *
 * @throws LatchkeyError if the loaded user has a stamp and `user` does not, because the next request would end the
 * login
 */
export async function mayLogIn(core: Core, req: Request, user: object, id: string, force: boolean): Promise<boolean> {
  if (!force && !isActiveUser(user)) return false;
  if ("isActive" in user) return true;
  const loaded = (await userById(core, req, id)) ?? user;
  if (hasStamp(loaded) && !hasStamp(user)) {
    throw new LatchkeyError(
      "incomplete_user",
      500,
      `a user was given without getSessionStamp(), but userLoader returns the user ${JSON.stringify(id)} with this method: ` +
        "create both with the same function",
    );
  }
  return force || isActiveUser(loaded);
}
