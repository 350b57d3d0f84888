/** How a reserved property is read, and what an assignment to it does. */
interface Access<T extends object> {
  get(owner: T): unknown;
  set(owner: T, value: unknown): void;
}

/** Describes a property with a getter and a setter, so that an assignment cannot replace it. */
export function reserved<T extends object>({ get, set }: Access<T>): PropertyDescriptor {
  return {
    enumerable: true,
    configurable: true,
    get(this: T) {
      return get(this);
    },
    set(this: T, value: unknown) {
      set(this, value);
    },
  };
}

/** Describes a session method. As in express-session, a function can replace the method. Any other value is ignored. */
export function replaceable(name: string, method: unknown): PropertyDescriptor {
  const set = (session: object, value: unknown) => {
    if (typeof value !== "function") return;
    Object.defineProperty(session, name, { value, configurable: true, writable: true });
  };
  return { ...reserved({ get: () => method, set }), enumerable: false };
}

let hasWarned = false;

/** Warns once that an assignment to `auth` was ignored. */
export function refuseAuth(before: unknown, value: unknown): void {
  if (hasWarned || value === before) return;
  hasWarned = true;
  process.emitWarning(
    "an assignment to req.session.auth was ignored: only loginUser, confirmLogin and logoutUser change who is logged in. " +
      "Was a request's body copied into the session?",
    "LatchkeySessionWarning",
  );
}
