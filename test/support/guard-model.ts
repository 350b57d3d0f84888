export const MINUTE = 60_000;

/** Who asks: the user, which methods were shown for the login, and whether the login was remembered. */
export interface Visitor {
  user: "ann" | "bob" | null;
  shown: string[];
  /** Restored from the remember cookie, and not confirmed since. */
  remembered?: true;
  /** The methods that the user confirmed the login with, ten minutes later. */
  confirmed?: string[];
  /** Identified by a bearer token. */
  bearer?: true;
  /** The method becomes required after the login. */
  later?: true;
}

export const visitors: Record<string, Visitor> = {
  nobody: { user: null, shown: [] },
  "a client with Bob's token": { user: "bob", shown: [], bearer: true },
  "Bob with a password": { user: "bob", shown: ["pwd"] },
  "Bob with a password and a code": { user: "bob", shown: ["pwd", "otp"] },
  "Bob, remembered": { user: "bob", shown: ["pwd"], remembered: true },
  "Bob, remembered, then confirmed with a password": {
    ...{ user: "bob", shown: ["pwd", "otp"], remembered: true, confirmed: ["pwd"] },
  },
  "Bob, confirmed with a code": { user: "bob", shown: ["pwd"], confirmed: ["otp"] },
  "Bob, for whom a code became required": { user: "bob", shown: ["pwd"], later: true },
  "Ann with a password": { user: "ann", shown: ["pwd"] },
  "Ann with a code alone": { user: "ann", shown: ["otp"] },
  "Ann with a password and a code": { user: "ann", shown: ["pwd", "otp"] },
  "Ann, confirmed with a password": { user: "ann", shown: ["pwd", "otp"], confirmed: ["pwd"] },
  "Ann, remembered": { user: "ann", shown: ["pwd", "otp"], remembered: true },
  "Ann, remembered, then confirmed with a code": {
    ...{ user: "ann", shown: ["pwd", "otp"], remembered: true, confirmed: ["otp"] },
  },
};

/** What a guard requires. */
export interface Guard {
  fresh?: { within?: number; methods?: string[] };
  role?: string;
}

export const guards: Record<string, Guard> = {
  login: {},
  fresh: { fresh: {} },
  recent: { fresh: { within: 10 * MINUTE } },
  code: { fresh: { methods: ["otp"] } },
  "recent-code": { fresh: { within: 10 * MINUTE, methods: ["otp"] } },
  both: { fresh: { methods: ["pwd", "otp"] } },
  admin: { role: "admin" },
  "fresh-admin": { fresh: { methods: ["otp"] }, role: "admin" },
};

/** What a guard answers `passed` milliseconds after the login or its last confirmation: "through", or the refusal. */
export function expected(visitor: Visitor, { fresh, role }: Guard, passed: number): string {
  const { user, shown, remembered, confirmed, bearer, later } = visitor;
  if (user === null) return "login_required 401";
  const required = (user === "ann" && !bearer) || later ? ["otp"] : [];
  const all = [...shown, ...(confirmed ?? [])];
  if (required.some((method) => !all.includes(method))) {
    // A login that was never complete lapses.
    return passed < 10 * MINUTE || later ? "method_required 401" : "login_required 401";
  }
  const age = (method: string) => {
    if (confirmed?.includes(method)) return passed;
    if (bearer || remembered || !shown.includes(method)) return Number.POSITIVE_INFINITY;
    return confirmed ? passed + 10 * MINUTE : passed;
  };
  const { within = Number.MAX_VALUE, methods } = fresh ?? {};
  if (methods?.some((method) => age(method) > within)) return "method_required 403";
  const isFresh = !bearer && (!remembered || confirmed) && passed <= within;
  if (fresh && !methods && !isFresh) return "fresh_login_required 403";
  if (role && user !== "ann") return "role_required 403";
  return "through";
}

/** Where a page is redirected, by the code of the refusal. */
export const VIEWS: Record<string, string> = {
  login_required: "/login",
  fresh_login_required: "/password",
  method_required: "/factor",
};
