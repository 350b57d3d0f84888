/** The login at an identity provider, with the ids in the provider's ID token. (OpenID Connect) */
export interface ExternalLogin {
  /** The provider, from the claim `iss`. */
  issuer: string;
  /** The provider's id of the user, from the claim `sub`. */
  sub: string;
  /** The provider's id of its own session with the browser, from the claim `sid`, if the ID token has one. */
  sid?: string | undefined;
}

/** Which logins to end: those with this `sid`, with this `sub`, or with both. */
export interface ExternalIds {
  sid?: string | undefined;
  sub?: string | undefined;
}
