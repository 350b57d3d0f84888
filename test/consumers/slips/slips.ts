import type { Request } from "express";
import { currentUser, freshLoginRequired, LoginManager, loginUser, roleRequired, UserMixin } from "latchkey";
import { Authorized, CurrentUser } from "latchkey/routing-controllers";
import { openStore } from "latchkey/stores";

class User extends UserMixin {
  id = 1;
  email = "";
}
declare const req: Request;
const secret = "a secret";

// The secret is missing, or can be undefined.
// TS2741: Property 'secret' is missing in type '{}' but required in type 'LoginManagerOptions<User, AnonymousUser>'.
new LoginManager<User>({});
// TS2322: Type 'string | undefined' is not assignable to type 'string | readonly string[]'.
new LoginManager<User>({ secret: process.env.SECRET });

// An option is misspelled, or has a value of the wrong type.
// TS2561: Object literal may only specify known properties, but 'loginVeiw' does not exist in type 'LoginManagerOptions<User, AnonymousUser>'. Did you mean to write 'loginView'?
new LoginManager<User>({ secret, loginVeiw: "/login" });
// TS2322: Type 'true' is not assignable to type 'Duration | undefined'.
new LoginManager<User>({ secret, idleTimeout: true });
// TS2322: Type 'true' is not assignable to type '"basic" | "strong" | false | undefined'.
new LoginManager<User>({ secret, sessionProtection: true });

// `await` is missing.
// TS2740: Type 'Promise<OpenStore>' is missing the following properties from type 'SessionStore': create, read, update, touch, and 4 more.
new LoginManager<User>({ secret, store: openStore("memory:") });

// The loader expects a number as the id, or returns another type.
// TS2322: Type '(_id: number) => null' is not assignable to type 'UserLoader<User>'.
new LoginManager<User>({ secret, userLoader: (_id: number) => null });
// TS2322: Type '() => string' is not assignable to type 'UserLoader<User>'.
new LoginManager<User>({ secret, userLoader: () => "Ann" });

// The id of a user is not a string.
// TS2322: Type '(user: User) => number' is not assignable to type '(user: User) => string'.
new LoginManager<User>({ secret, userId: (user) => user.id });

// The current user can be anonymous.
const login = new LoginManager<User>({ secret });
// TS2339: Property 'email' does not exist on type 'AnonymousUser | User'.
export const email = (await login.currentUser()).email;
// TS2339: Property 'email' does not exist on type 'AnonymousUser | User'.
export const name = (await currentUser(req)).email;

// A duration is passed instead of an object, or a role is not a string.
// TS2559: Type '"10m"' has no properties in common with type 'FreshOptions'.
freshLoginRequired("10m");
// TS2345: Argument of type 'number' is not assignable to parameter of type 'string'.
roleRequired(1);

// The request is missing, or an option does not exist.
// TS2554: Expected 2-3 arguments, but got 1.
await loginUser(new User());
// TS2561: Object literal may only specify known properties, but 'rememberMe' does not exist in type 'LoginOptions'. Did you mean to write 'remember'?
await loginUser(req, new User(), { rememberMe: true });

// An event does not exist.
// TS2345: Argument of type '"login"' is not assignable to parameter of type 'keyof LoginEvents<User>'.
login.on("login", () => {});

// A session property gets a value of the wrong type.
// TS2322: Type 'string' is not assignable to type 'SessionAuth'.
req.session.auth = "1";

class Account {
  // A decorator is not called.
  // TS1241: Unable to resolve signature of method decorator when called as an expression.
  // TS1270: Decorator function return type 'GuardDecorator' is not assignable to type 'void | TypedPropertyDescriptor<(user: User) => User>'.
  @Authorized
  // TS1329: 'CurrentUser' accepts too few arguments to be used as a decorator here. Did you mean to call it first and write '@CurrentUser()'?
  show(@CurrentUser user: User) {
    return user;
  }
}
void Account;
