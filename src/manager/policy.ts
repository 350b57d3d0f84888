import type { ResolvedCookie } from "../http/cookies/attributes.js";
import type { ResolvedOptions } from "../options/resolved-options.js";
import type { Remember } from "../remember/remember.js";

/**
 * A manager's limits for logins, as data. Durations are in milliseconds, and null means no limit. (ASVS 7.1.1, 7.1.2)
 */
export interface Policy {
  assuranceLevel: 1 | 2 | 3;
  idleTimeout: number;
  absoluteTimeout: number;
  freshFor: number | null;
  /** How long a login may stay incomplete; null if no methods are required. */
  methodTimeout: number | null;
  sessionProtection: "basic" | "strong" | false;
  maxSessions: number | null;
  onLimit: "end-oldest" | "refuse";
  remember: {
    mode: "persistent" | "stateless";
    duration: number;
    idleTimeout: number | null;
    refreshEachRequest: boolean;
  };
  /** How long the cookie of a bound device is valid; null without the option `deviceBound`. */
  deviceCookieMaxAge: number | null;
  storeTimeout: number;
  cookies: { session: ResolvedCookie; remember: ResolvedCookie };
  /** Describes each limit that is longer than NIST SP 800-63B-4 allows for the assurance level. */
  deviations: string[];
}

const HOUR = 60 * 60 * 1000;
const MINUTE = 60 * 1000;

/** SP 800-63B-4, 2.1.3, 2.2.3 and 2.3.3: the overall timeout and the inactivity timeout of each level. */
const NIST: Record<1 | 2 | 3, { overall: number; inactivity?: number }> = {
  1: { overall: 30 * 24 * HOUR },
  2: { overall: 24 * HOUR, inactivity: HOUR },
  3: { overall: 12 * HOUR, inactivity: 15 * MINUTE },
};

/** Returns the policy of a manager. */
export function policyOf(options: ResolvedOptions, mode: Remember["mode"]): Policy {
  const { idleTimeout, absoluteTimeout, sessionProtection, onLimit, storeTimeout, assuranceLevel } = options;
  return {
    assuranceLevel,
    idleTimeout,
    absoluteTimeout,
    freshFor: finite(options.freshFor),
    methodTimeout: options.requiredMethods ? options.methodTimeout : null,
    sessionProtection,
    maxSessions: options.maxSessions ?? null,
    onLimit,
    remember: {
      mode,
      duration: options.rememberDuration,
      idleTimeout: finite(options.rememberIdleTimeout),
      refreshEachRequest: options.refreshEachRequest,
    },
    deviceCookieMaxAge: options.deviceBound?.cookieMaxAge ?? null,
    storeTimeout,
    cookies: { session: options.sessionCookie, remember: options.rememberCookie },
    deviations: deviationsOf(options),
  };
}

/** Emits a process warning for each limit that is longer than the assurance level allows. */
export function warnOfDeviations(options: ResolvedOptions): void {
  for (const deviation of deviationsOf(options)) process.emitWarning(deviation, "LatchkeyPolicyWarning");
}

function deviationsOf({ assuranceLevel, idleTimeout, absoluteTimeout }: ResolvedOptions): string[] {
  const { overall, inactivity } = NIST[assuranceLevel];
  const deviations: string[] = [];
  const compare = (option: string, given: number, limit: number | undefined) => {
    if (limit === undefined || given <= limit) return;
    const source = `NIST SP 800-63B-4 allows at assurance level ${assuranceLevel}`;
    deviations.push(`${option} is ${shown(given)}, longer than the ${shown(limit)} that ${source}`);
  };
  compare("absoluteTimeout", absoluteTimeout, overall);
  compare("idleTimeout", idleTimeout, inactivity);
  return deviations;
}

function shown(duration: number): string {
  return duration % HOUR === 0 ? `${duration / HOUR} h` : `${duration / MINUTE} min`;
}

function finite(duration: number): number | null {
  return Number.isFinite(duration) ? duration : null;
}
