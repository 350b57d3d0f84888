import { type Command, type Outcome, USER_OPTIONS } from "./command.js";
import { named, withUserLogins } from "./user-logins.js";

/** `latchkey revoke` */
export const revoke: Command = {
  summary: "End one login of a user, and forget its browser",
  details: "LOGIN_ID is an id that latchkey sessions prints. The exit code is 1 if the user has no such login.",
  operands: ["LOGIN_ID"],
  options: USER_OPTIONS,
  run: (given) =>
    withUserLogins(given, async (logins): Promise<Outcome> => {
      const { user, realm } = logins;
      const id = given.operands[0]!;
      const ended = await logins.sessions.revoke(user, id);
      const text = ended ? `Ended the login ${id}.` : `${named(logins)} has no login ${id}.`;
      return { text, json: { user, realm, id, ended }, hasProblem: !ended };
    }),
};

/** `latchkey revoke-all` */
export const revokeAll: Command = {
  summary: "End all logins of a user, and forget their browsers",
  details:
    "It ends them in steps, so a user may have any number of logins. The exit code is 1 if there was nothing to end.",
  options: USER_OPTIONS,
  run: (given) =>
    withUserLogins(given, async (logins): Promise<Outcome> => {
      const { user, realm, ended, damaged } = logins;
      const count = await logins.sessions.revokeAll(user);
      const had = damaged.size > 0 ? `, and ${damaged.size} that could not be read` : "";
      const text =
        count + damaged.size > 0
          ? `Ended ${count} ${count === 1 ? "login" : "logins"}${had}.`
          : `${named(logins)} has no logins.`;
      const json = { user, realm, ended: count, logins: ended, damaged: damaged.size };
      return { text, json, hasProblem: count + damaged.size === 0 };
    }),
};
