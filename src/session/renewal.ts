import type { SessionAuth } from "./auth.js";

/** A remember cookie that an answer renews, if the session has the cookie's login. */
export class Renewal {
  #isSet = false;

  /** @param renew renews the cookie if the answer may set it, and returns whether it did */
  constructor(
    readonly loginId: string,
    private readonly renew: () => boolean,
    private readonly withdraw: () => void,
  ) {}

  /** Renews the cookie for this login, and returns whether it did. */
  set(auth: SessionAuth | undefined): boolean {
    this.#isSet = auth?.loginId === this.loginId && this.renew();
    return this.#isSet;
  }

  takeBack(): void {
    if (this.#isSet) this.withdraw();
  }
}
