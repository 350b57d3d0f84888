import type { SessionStore } from "latchkey";

/** The same store, but each call and its arguments are recorded in `seen`. */
export function noting<T extends object = SessionStore>(inner: T, seen: Array<[verb: string, ...given: unknown[]]>): T {
  return new Proxy(inner, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value === "object" && value !== null) return noting(value, seen);
      if (typeof value !== "function") return value;
      return (...given: unknown[]) => {
        seen.push([String(key), ...given]);
        return value.apply(target, given);
      };
    },
  });
}
