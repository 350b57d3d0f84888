import { LoginManager } from "latchkey";
import { LoginGuard } from "latchkey/nestjs";
import { guardTable } from "latchkey/routing-controllers";
import { openStore } from "latchkey/stores";
import { ExpressSessionStore } from "latchkey/stores/express-session";
import { RedisStore } from "latchkey/stores/redis";
import { SqlStore } from "latchkey/stores/sql";
import { TypeOrmStore } from "latchkey/stores/typeorm";
import { loginAs } from "latchkey/testing";

/** Compiles only if the type is not `any`. */
type Known<T> = 0 extends 1 & T ? never : T;
declare function known<T>(value: Known<T>): void;

known(new LoginManager<{ id: number }>({ secret: "a secret" }).currentUser());
known(guardTable);
known(LoginGuard.prototype.canActivate);
known(openStore("memory:"));
known(ExpressSessionStore.prototype.read);
known(RedisStore.prototype.read);
known(SqlStore.prototype.read);
known(TypeOrmStore.prototype.read);
known(loginAs);
