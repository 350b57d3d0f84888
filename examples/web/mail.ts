import type { Request } from "express";
import type { LoginManager } from "latchkey";
import { deviceName } from "./device.js";
import type { Log } from "./log.js";
import { when } from "./times.js";
import type { User } from "./user.js";

/** A message to a user. */
export interface Mail {
  to: string;
  subject: string;
  text: string;
}

/** Sends a message. A real site gives it to its mail service. */
export type SendMail = (mail: Mail) => void | Promise<void>;

/** Prints messages instead of sending them. */
export const printMail: SendMail = ({ to, subject, text }) =>
  console.log(`\nMail to ${JSON.stringify(to)}\nSubject: ${subject}\n${text}`.replaceAll("\n", "\n  | "));

/** Tells users about changes of their account, so that the owner learns of what somebody else did. */
export class Notices {
  constructor(
    readonly sendMail: SendMail,
    readonly log: Log,
  ) {}

  /** Sends a message about each login in a browser that the user has not used before. */
  watch(login: LoginManager<User>): void {
    login.on("loggedIn", ({ req, user, browser }) => {
      // A new user knows about the first login.
      if (browser === "new" && !req.path.endsWith("/signup")) this.send(req, user.email, "New login to your account");
    });
  }

  /**
   * Sends a message that something happened to the account. The response does not wait for it, and a mail server that is
   * down does not break the page.
   */
  send(req: Request, to: string, subject: string): void {
    const text = [
      `${subject}.`,
      "",
      `When:    ${when(Date.now())}`,
      `Device:  ${deviceName(req.get("user-agent") ?? null)}`,
      `Address: ${req.ip}`,
      "",
      "If this was you, you do not need to do anything.",
      'If not, log in, log out that device under "Devices", and change your password.',
    ].join("\n");
    new Promise<void>((resolve) => resolve(this.sendMail({ to, subject, text }))).catch((error: unknown) =>
      this.log.error(error),
    );
  }
}
