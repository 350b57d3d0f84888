import type { SessionAuth } from "./session-auth.js";

/** A remember cookie that an answer renews, if the session holds the login that it was given for. */
export class Renewal {
  #isSet = false;

  /** @param renew renews the cookie, unless the answer may not carry it, and tells whether it did */
  constructor(
    readonly loginId: string,
    private readonly renew: () => boolean,
    private readonly withdraw: () => void,
  ) {}

  /** Renews the cookie for this login, and tells whether it did. */
  set(auth: SessionAuth | undefined): boolean {
    this.#isSet = auth?.loginId === this.loginId && this.renew();
    return this.#isSet;
  }

  takeBack(): void {
    if (this.#isSet) this.withdraw();
  }
}
