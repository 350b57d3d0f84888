import {
  type DynamicModule,
  Inject,
  type InjectionToken,
  type MiddlewareConsumer,
  Module,
  type ModuleMetadata,
  type NestModule,
  type OptionalFactoryDependency,
} from "@nestjs/common";
import type { Application } from "express";
import { OptionError, unexpected } from "../errors.js";
import { LoginManager } from "../manager/login-manager.js";
import type { LoginManagerOptions } from "../options/options.js";
import { kindOf } from "../text.js";
import { LatchkeyErrorFilter } from "./error-filter.js";
import { type GivenManagers, MANAGERS, managersOf } from "./managers.js";

/** How `forRootAsync` gets the manager, or its options. */
export interface LatchkeyAsyncOptions extends Pick<ModuleMetadata, "imports"> {
  /** The providers that are passed to `useFactory`. */
  inject?: Array<InjectionToken | OptionalFactoryDependency>;
  /** Returns the manager or its options, or a list of managers. */
  // biome-ignore lint/suspicious/noExplicitAny: the types of the arguments follow from `inject`
  useFactory(...injected: any[]): GivenManagers | Promise<GivenManagers>;
}

/** The token of the managers as they were given. Tests may replace the first of them by the provider `LoginManager`. */
const GIVEN: unique symbol = Symbol("the managers that LatchkeyModule was given");

const IMPORT: unique symbol = Symbol("an import of LatchkeyModule");
let imported = 0;
/** The adapters of the applications that have the module. */
const mounted = new WeakSet<object>();

/** The value of APP_FILTER in `@nestjs/core`. */
const APP_FILTER = "APP_FILTER";

/**
 * Mounts the session and the login for all routes, provides the `LoginManager` for injection, and registers
 * `LatchkeyErrorFilter`. Import it once. The module closes neither the store nor the manager.
 *
 * For several kinds of users, pass a list of managers. `LoginManager` then injects the first of them.
 */
@Module({})
export class LatchkeyModule implements NestModule {
  constructor(@Inject(MANAGERS) private readonly managers: readonly LoginManager<object, object>[] | undefined) {}

  /**
   * Takes a manager, the options of one, or a list of both.
   *
   * @throws OptionError if there is no manager, or if the options of a new manager are invalid
   */
  static forRoot<U extends object, A extends object>(options: LoginManagerOptions<U, A>): DynamicModule;
  static forRoot(login: GivenManagers): DynamicModule;
  static forRoot(login: GivenManagers): DynamicModule {
    const managers = managersOf(login);
    return LatchkeyModule.forRootAsync({ useFactory: () => managers });
  }

  /**
   * Like `forRoot`, for a manager that needs other providers, such as a service that loads users.
   *
   * @throws OptionError if `useFactory` is not a function
   */
  static forRootAsync(options: LatchkeyAsyncOptions): DynamicModule {
    const { imports = [], inject = [], useFactory } = (options as Partial<LatchkeyAsyncOptions> | undefined) ?? {};
    if (typeof useFactory !== "function") {
      throw unexpected("useFactory", "a function that returns a LoginManager", kindOf(useFactory));
    }
    return {
      module: LatchkeyModule,
      global: true,
      imports,
      providers: [
        {
          provide: GIVEN,
          inject,
          useFactory: async (...injected: unknown[]) => managersOf(await useFactory(...injected)),
        },
        { provide: LoginManager, inject: [GIVEN], useFactory: ([first]: LoginManager[]) => first },
        {
          provide: MANAGERS,
          inject: [LoginManager, GIVEN],
          useFactory: (first: LoginManager, [, ...others]: LoginManager[]) => [first, ...others],
        },
        { provide: APP_FILTER, useClass: LatchkeyErrorFilter },
        // NestJS 10 drops a module that reads like another, so that the second import would have no effect.
        { provide: IMPORT, useValue: ++imported },
      ],
      exports: [MANAGERS, LoginManager],
    };
  }

  /** Mounts the middleware on Express itself, so that no global prefix, version or route limits it. */
  configure(consumer: MiddlewareConsumer): void {
    const { getHttpAdapter } = consumer as MiddlewareConsumer & { getHttpAdapter?(): Adapter };
    const adapter = getHttpAdapter?.call(consumer);
    if (adapter?.getType() !== "express") {
      throw new OptionError(
        "LatchkeyModule",
        `NestJS must run on Express, not on ${adapter?.getType() ?? "another platform"}`,
      );
    }
    if (mounted.has(adapter)) {
      throw new OptionError("LatchkeyModule", "imported twice: give all managers to one forRoot([customers, staff])");
    }
    mounted.add(adapter);
    if (this.managers === undefined) {
      throw new OptionError(
        "LatchkeyModule",
        "a provider in inject of forRootAsync is request-scoped; a manager cannot be",
      );
    }
    for (const login of this.managers) login.init(adapter.getInstance());
  }
}

interface Adapter {
  getType(): string;
  getInstance(): Application;
}
