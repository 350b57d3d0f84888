/** Is this an object or an array, and not null? */
export function isObjectOrArray(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** Sets an ordinary property of the object itself, even if a prototype has an accessor of this name. */
export function setOwn(object: object, name: string, value: unknown): void {
  Object.defineProperty(object, name, { configurable: true, enumerable: true, writable: true, value });
}

/** Returns a copy that has only the properties for which `keep` returns true. */
export function only<T extends object>(object: T, keep: (name: string, value: unknown) => boolean): Partial<T> {
  return Object.fromEntries(Object.entries(object).filter(([name, value]) => keep(name, value))) as Partial<T>;
}
