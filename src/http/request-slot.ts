import type { Request } from "express";

/** One module's data about a request, for one manager. `next` is the entry of the manager that was added next. */
interface Entry {
  readonly manager: object | undefined;
  value: unknown;
  next: Entry | undefined;
}

const SLOTS = Symbol("latchkey.request");
type SlottedRequest = Request & { [SLOTS]?: Array<Entry | undefined> };

let count = 0;

/**
 * Stores one module's data about requests. The slots of all modules share one property of the request, because each
 * additional property slows V8 down (see SharedProperties). If a manager is given, the data is stored for that manager
 * only.
 */
export class RequestSlot<T> {
  readonly #index = count++;

  /** @param manager the manager whose data to return; by default, the manager whose data was added first */
  get(req: Request, manager?: object): T | undefined {
    let entry = (req as SlottedRequest)[SLOTS]?.[this.#index];
    if (manager) while (entry && entry.manager !== manager) entry = entry.next;
    return entry?.value as T | undefined;
  }

  /** Returns the data of all managers, in the order in which it was added. */
  all(req: Request): T[] {
    const all: T[] = [];
    for (let entry = (req as SlottedRequest)[SLOTS]?.[this.#index]; entry; entry = entry.next) {
      all.push(entry.value as T);
    }
    return all;
  }

  set(req: Request, value: T, manager?: object): void {
    (req as SlottedRequest)[SLOTS] ??= Array(count).fill(undefined);
    const slots = (req as SlottedRequest)[SLOTS]!;
    const added = { manager, value, next: undefined };
    const first = slots[this.#index];
    if (!first) slots[this.#index] = added;
    for (let entry = first; entry; entry = entry.next) {
      if (entry.manager === manager) {
        entry.value = value;
        return;
      }
      if (!entry.next) {
        entry.next = added;
        return;
      }
    }
  }
}

/**
 * Did the request pass the middleware of another copy of this package, but not of this one? Each copy of the package
 * has its own symbol.
 */
export function isOfAnotherCopy(req: Request): boolean {
  if (SLOTS in req) return false;
  // The request may be an object that derives from the one that passed the middleware.
  for (let object: object | null = req; object; object = Object.getPrototypeOf(object) as object | null) {
    if (Object.getOwnPropertySymbols(object).some((key) => key.description === SLOTS.description)) return true;
  }
  return false;
}
