import type { SessionAuth } from "./auth.js";

/** How to renew a remember cookie. */
export interface Renewing {
  loginId: string;
  /** Renews the cookie if the answer may set it, and returns whether it did. */
  renew(): boolean;
  withdraw(): void;
}

/** A remember cookie that an answer renews, if the session still has the cookie's login: a logout by another request is final. */
export class Renewal {
  #isSet = false;

  constructor(private readonly renewing: Renewing) {}

  get loginId(): string {
    return this.renewing.loginId;
  }

  /** Renews the cookie for this login, and returns whether it did. */
  set(auth: SessionAuth | undefined): boolean {
    this.#isSet = auth?.loginId === this.loginId && this.renewing.renew();
    return this.#isSet;
  }

  takeBack(): void {
    if (this.#isSet) this.renewing.withdraw();
  }
}
