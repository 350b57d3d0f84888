import { UserIdError } from "./errors.js";
import { isObjectOrArray, setOwn } from "./objects.js";
import { isPlainText, kindOf } from "./text.js";

/**
 * The properties of a logged-in user that latchkey reads. Each has a default in UserMixin. A subclass may override it
 * with a getter, a field or an ORM column. (Flask-Login's UserMixin)
 */
export interface UserMixin {
  /** May this user pass guards? By default, it is the same as `isActive`. */
  isAuthenticated: boolean;
  /** Is the account active, that is, not disabled or unconfirmed? @default true */
  isActive: boolean;
  /** @default false */
  isAnonymous: boolean;
}

/**
 * A base class for the application's user class. To extend another base class, use `UserMixin.with(Base)`.
 *
 * UserMixin is optional: any object with an `id` can be a user, with or without these members.
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: a merged member may be overridden by a getter and by a field; a declared one by only one of them
export class UserMixin {
  /**
   * Returns the id that the session stores.
   *
   * @throws UserIdError if there is no valid `id`
   */
  getId(): string {
    return idOf(this as { id?: unknown });
  }

  /** Is the other object the same user? (Flask-Login's `==`) */
  equals(other: unknown): boolean {
    if (!isObjectOrArray(other)) return false;
    const { getId } = other as Partial<UserMixin>;
    return typeof getId === "function" && getId.call(other) === this.getId();
  }

  /** Returns a class that adds the mixin to another base class, such as TypeORM's BaseEntity. */
  // biome-ignore lint/suspicious/noExplicitAny: TypeScript requires any[] for the base class of a mixin
  static with<B extends abstract new (...args: any[]) => object>(Base: B) {
    abstract class UserWithMixin extends Base {}
    for (const name of Object.getOwnPropertyNames(UserMixin.prototype)) {
      if (name === "constructor" || name in Base.prototype) continue;
      Object.defineProperty(UserWithMixin.prototype, name, Object.getOwnPropertyDescriptor(UserMixin.prototype, name)!);
    }
    // biome-ignore lint/suspicious/noExplicitAny: as above
    return UserWithMixin as unknown as B & (abstract new (...args: any[]) => UserMixin);
  }
}

defineDefault("isAuthenticated", (user) => user.isActive);
defineDefault("isActive", () => true);
defineDefault("isAnonymous", () => false);

/**
 * Defines a getter on the prototype. Its setter creates an own property, so that an ORM or a class field can assign a
 * value.
 */
function defineDefault(name: keyof UserMixin, read: (user: UserMixin) => boolean): void {
  Object.defineProperty(UserMixin.prototype, name, {
    configurable: true,
    get(this: UserMixin) {
      return read(this);
    },
    set(this: UserMixin, value: boolean) {
      setOwn(this, name, value);
    },
  });
}

/** The user that `currentUser()` returns when nobody is logged in. (Flask-Login's AnonymousUserMixin) */
export class AnonymousUser {
  get isAuthenticated(): false {
    return false;
  }
  get isActive(): false {
    return false;
  }
  get isAnonymous(): true {
    return true;
  }
  /** Always null, because there is no user. */
  getId(): null {
    return null;
  }
}

/** May this object pass a guard? A missing property is treated as true, because a user may be a plain row. */
export function isAuthenticatedUser(user: object): boolean {
  return "isAuthenticated" in user ? isTrue(user.isAuthenticated) : isActiveUser(user);
}

/** Is this user's account active? An object without `isActive` is treated as active. */
export function isActiveUser(user: object): boolean {
  return "isActive" in user ? isTrue(user.isActive) : true;
}

// SQLite and MySQL store true as 1, and some drivers return the 1.
function isTrue(value: unknown): boolean {
  return value === true || value === 1;
}

/**
 * Returns the user's id: the result of `getId()` if it exists, otherwise `id`.
 *
 * @throws UserIdError if `getId()` does not return a valid id, or `id` is not a valid id, whole number or bigint
 */
export function defaultUserId(user: object): string {
  const { getId } = user as Partial<UserMixin>;
  return typeof getId === "function" ? checkUserId(getId.call(user), "getId()") : idOf(user as { id?: unknown });
}

function idOf(user: { id?: unknown }): string {
  const { id } = user;
  // NaN and rounded numbers are invalid, because several users could have the same one.
  return checkUserId(Number.isSafeInteger(id) || typeof id === "bigint" ? String(id) : id, "id");
}

/**
 * Returns the id if it can identify a user.
 *
 * @throws UserIdError if it cannot. The message names `source`, where the id came from.
 */
export function checkUserId(id: unknown, source: string): string {
  if (typeof id === "string" && id !== "" && id.length <= 255 && isPlainText(id)) return id;
  throw new UserIdError(
    `the user's ${source} is ${shownId(id)}; it must be a string of 1 to 255 characters ` +
      "(override getId(), or set the option userId)",
  );
}

function shownId(id: unknown): string {
  if (typeof id === "string" && !isPlainText(id)) return "a string with NUL or half of a surrogate pair";
  if (typeof id === "string") return `a string of ${id.length} characters`;
  return typeof id === "number" ? `the number ${id}` : kindOf(id);
}
