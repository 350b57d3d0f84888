import { GRACE } from "./remembered.js";

/** The cookies of a browser. */
export interface Cookies {
  sid?: string | undefined;
  remember?: string | undefined;
}

/** The user of a request, and the state of the login. */
export interface Shown {
  user: string;
  fresh: boolean;
  remembered: boolean;
}

interface Session extends Shown {
  login: string;
  series: string | null;
}

interface Browser {
  user: string;
  login: string;
  generation: number;
  rotatedAt: number | null;
}

/** A simple model of which cookies log a user in. It has no store, no signatures and no concurrency. */
export class LoginModel {
  readonly sessions = new Map<string, Session>();
  readonly browsers = new Map<string, Browser>();
  /** The generation of each remember cookie that was sent. */
  readonly #generations = new Map<string, number>();

  /**
   * Finds the login of the session cookie or the remember cookie, and records the new cookies of the response. A
   * remember token that was already replaced ends logins.
   */
  present(sent: Cookies, given: Cookies): Shown | null {
    const session = this.sessions.get(sent.sid ?? "");
    return session ?? this.#restore(sent.remember ?? "", given);
  }

  #restore(cookie: string, given: Cookies): Session | null {
    if (this.#alarm(cookie)) return null;
    const series = seriesOf(cookie);
    const browser = this.browsers.get(series);
    if (!browser) return null;
    const { user, login } = browser;
    const restored = { user, login, series, fresh: false, remembered: true };
    if (!isLate(browser)) return restored;
    browser.generation++;
    browser.rotatedAt = Date.now();
    this.#generations.set(given.remember!, browser.generation);
    this.#endSessions((one) => one.login === login);
    this.sessions.set(given.sid!, restored);
    return restored;
  }

  /** Ends the affected logins if the remember token was replaced earlier. Returns true if it ended any. */
  #alarm(cookie = ""): boolean {
    const series = seriesOf(cookie);
    const browser = this.browsers.get(series);
    if (!browser) return false;
    const { user, login } = browser;
    const age = browser.generation - this.#generations.get(cookie)!;
    if (age > 1) this.#end((one) => one.user === user && one.series !== null);
    else if (age === 1 && isLate(browser)) this.#end((one) => one.series === series || one.login === login);
    else return false;
    return true;
  }

  logIn(sent: Cookies, user: string, remember: boolean | undefined, login: string, given: Cookies): void {
    const previous = this.sessions.get(sent.sid ?? "");
    const held = this.browsers.get(seriesOf(sent.remember));
    const isUsedUp = this.#alarm(sent.remember);
    const keeps = remember === undefined && previous?.user === user && held?.user === user && !isUsedUp;
    this.#leave(previous?.login, held?.login);
    this.#enter({ user, login, fresh: true, remembered: false, series: null }, remember || keeps, given);
  }

  logOut(sent: Cookies): void {
    const logins = [this.sessions.get(sent.sid ?? "")?.login, this.browsers.get(seriesOf(sent.remember))?.login];
    this.#alarm(sent.remember);
    this.#leave(...logins);
  }

  #leave(...logins: Array<string | undefined>): void {
    this.#end(({ login }) => logins.includes(login));
  }

  confirm(sent: Cookies, given: Cookies): boolean {
    const current = this.present(sent, given) as Session | null;
    if (current) this.#move(current, { ...current, fresh: true, remembered: false }, given);
    return current !== null;
  }

  /** Moves the current login to a new session after the user's stamp has changed, and ends all other logins. */
  refreshStamp(sent: Cookies, given: Cookies): boolean {
    const current = this.present(sent, given) as Session | null;
    if (!current) return false;
    const holder = this.browsers.get(seriesOf(sent.remember))?.user;
    const isUsedUp = this.#alarm(sent.remember);
    if (isUsedUp && ![...this.sessions.values()].includes(current)) return false;
    const isHeld = holder === current.user && !isUsedUp;
    this.#end(({ user }) => user === current.user);
    this.#enter({ ...current, series: null }, isHeld, given);
    return true;
  }

  /** Ends the chosen logins of a user, and returns their ids. */
  revoke(user: string, chosen: (login: string) => boolean = () => true): string[] {
    const ended = this.loginsOf(user).filter(chosen);
    this.#end(({ login }) => ended.includes(login));
    return ended;
  }

  loginsOf(user: string): string[] {
    const all = [...this.sessions.values(), ...this.browsers.values()];
    return [...new Set(all.filter((one) => one.user === user).map(({ login }) => login))];
  }

  /** The properties of a login in the list of sessions. */
  kindOf(login: string): { fresh: boolean; remembered: boolean; persistent: boolean } {
    const session = [...this.sessions.values()].find((one) => one.login === login);
    const { fresh, remembered } = session ?? { fresh: false, remembered: true };
    return { fresh, remembered, persistent: [...this.browsers.values()].some((one) => one.login === login) };
  }

  /** Ends every session, as if all had reached the idle timeout. */
  idle(): void {
    this.sessions.clear();
  }

  #move(from: Session, to: Session, given: Cookies): void {
    this.#endSessions(({ login }) => login === from.login);
    this.sessions.set(given.sid!, to);
  }

  #enter(session: Session, isRemembered: boolean | undefined, given: Cookies): void {
    const { user, login } = session;
    if (isRemembered) {
      session.series = seriesOf(given.remember);
      this.browsers.set(session.series, { user, login, generation: 0, rotatedAt: null });
      this.#generations.set(given.remember!, 0);
    }
    this.sessions.set(given.sid!, session);
  }

  #end(chosen: (one: Pick<Session, "user" | "login" | "series">) => boolean): void {
    this.#endSessions(chosen);
    for (const [series, browser] of this.browsers) if (chosen({ ...browser, series })) this.browsers.delete(series);
  }

  #endSessions(chosen: (one: Session) => boolean): void {
    for (const [sid, session] of this.sessions) if (chosen(session)) this.sessions.delete(sid);
  }
}

/** Is the grace period over? Also true if the browser's token was never replaced. */
function isLate({ rotatedAt }: Browser): boolean {
  return rotatedAt === null || Date.now() - rotatedAt > GRACE;
}

function seriesOf(cookie = ""): string {
  return cookie.split(".")[1] ?? "";
}
