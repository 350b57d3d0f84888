import type { Request } from "express";
import { kindOf, LatchkeyError, LoaderMissingError, UserIdError } from "./errors.js";
import { type Core, runLoader } from "./request-context.js";
import { hasStamp } from "./stamp.js";
import { checkUserId, isActiveUser } from "./user.js";

/**
 * The user of an id, by the application's loader; null when there is none.
 *
 * @throws UserIdError when the loader gives anything else than the user of this id
 */
export async function userById(core: Core, req: Request, id: string): Promise<object | null> {
  const { userLoader, requestLoader } = core;
  if (!userLoader) throw new LoaderMissingError(requestLoader ? "userLoader" : "userLoader or requestLoader");
  const asked = `userLoader was asked for the user ${JSON.stringify(id)}`;
  const found = identified(core, await runLoader(req, userLoader, id, req), asked);
  if (found && found.id !== id) {
    throw new UserIdError(`${asked} and gave the user ${JSON.stringify(found.id)}; for no user it must give null`);
  }
  return found?.user ?? null;
}

/**
 * The user that the application's loader recognizes by the request itself; null when it recognizes nobody.
 *
 * @throws UserIdError when the loader gives something that is not a user
 */
export async function userByRequest(core: Core, req: Request): Promise<object | null> {
  const { userLoader, requestLoader } = core;
  if (!userLoader && !requestLoader) throw new LoaderMissingError("userLoader or requestLoader");
  if (!requestLoader) return null;
  return identified(core, await runLoader(req, requestLoader, req), "requestLoader was asked")?.user ?? null;
}

/** What a loader gave, with its id: the rows of a query that found nobody are no user, and would pass every guard. */
function identified({ options }: Core, user: unknown, asked: string): { user: object; id: string } | null {
  if (user === null || user === undefined || user === false) return null;
  const wrong = (what: string, cause?: unknown) =>
    new UserIdError(`${asked} and gave ${what}; it must give the user, or null`, { cause });
  if (typeof user !== "object") throw wrong(kindOf(user));
  try {
    return { user, id: checkUserId(options.userId(user), "userId()") };
  } catch (cause) {
    throw wrong(`${kindOf(user)} that has no user's id`, cause);
  }
}

/**
 * May this user log in? A row without `isActive` may be one to which the application's loader adds it, so the loader is asked as well.
 *
 * @throws LatchkeyError when the loader's user has a stamp that this one lacks: the next request would end the login
 */
export async function mayLogIn(core: Core, req: Request, user: object, id: string, force: boolean): Promise<boolean> {
  if (!force && !isActiveUser(user)) return false;
  if ("isActive" in user) return true;
  const loaded = (await userById(core, req, id)) ?? user;
  if (hasStamp(loaded) && !hasStamp(user)) {
    throw new LatchkeyError(
      "incomplete_user",
      500,
      `loginUser was given a user without getSessionStamp(), which the user that userLoader gives for ${JSON.stringify(id)} has: ` +
        "give both the same object, made by one function",
    );
  }
  return force || isActiveUser(loaded);
}
