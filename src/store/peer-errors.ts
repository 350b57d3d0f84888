import { LatchkeyError } from "../errors.js";

/** latchkey does not work with the installed version of a package. */
export class PeerVersionError extends LatchkeyError {
  constructor(peer: string, needed: string) {
    super("peer_version", 500, `${peer} must be ${needed}; install it with: npm install ${peer}@latest`);
  }
}

/** A required package is not installed. */
export class PeerMissingError extends LatchkeyError {
  constructor(peers: string, options?: ErrorOptions) {
    super("peer_missing", 500, `a package is missing; install it with: npm install ${peers}`, options);
  }
}
