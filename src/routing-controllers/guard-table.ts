import { ActionMetadata, getMetadataArgsStorage } from "routing-controllers";
import { OptionError } from "../errors.js";
import { ancestry, type Declaration } from "../guards/declarations.js";
import { declarationOfAction, type Storage } from "./actions.js";
import { isDeniedByDefault } from "./controller-guards.js";

type ControllerClass = abstract new (...args: never[]) => unknown;

/** A route and what its guard requires. */
export interface GuardedRoute {
  method: string;
  path: string;
  /** The action, as `Controller.action`. */
  action: string;
  /** What a request needs to reach the action. `"public"` means nothing. */
  guard: "public" | "login" | "fresh" | "roles";
  /**
   * Whether a decorator of the action, of its class or of a base class says so. An undeclared action is public, or needs
   * a login if all servers of its controller were created with `denyByDefault`.
   */
  declared: boolean;
  /** Whether the login must be fresh. This may also be so if `guard` is `"roles"`. */
  fresh: boolean;
  /** The user must have at least one role of each list. */
  roles: ReadonlyArray<readonly string[]>;
  /** How recent a fresh login must be, in milliseconds; absent if the option `freshFor` decides. */
  within?: number;
  /** The methods that must have been used that recently; absent if any credentials are enough. */
  methods?: readonly string[];
  /** Set if the methods that `requiredMethods` returns for the user must have been used too. */
  required?: true;
  /** Set if no administrator may act as the user. A login that must be fresh implies this. */
  notImpersonated?: true;
  /** Set if the login must be bound to a device. */
  deviceBound?: true;
  /** The realm of the users who may pass; absent for the users of the first manager. */
  realm?: string;
}

/**
 * Returns every route of the controllers with its guard, to print or to check in tests. Create the server first, so that
 * the table shows whether it denies by default.
 *
 * @param controllers by default, all controllers that were loaded
 *
 * @throws OptionError if a class is not a controller
 */
export function guardTable(
  controllers?: readonly ControllerClass[],
  { routePrefix = "" }: { routePrefix?: string } = {},
): GuardedRoute[] {
  const storage = getMetadataArgsStorage();
  const classes: ReadonlyArray<{ name: string }> = controllers ?? storage.controllers.map(({ target }) => target);
  return classes.flatMap((controller) => {
    const declared = storage.controllers.find(({ target }) => target === controller);
    if (!declared) throw new OptionError("controllers", `${controller.name} is not a @Controller or @JsonController`);
    return actionsOf(storage, controller).map(({ type, route, method }) => {
      const declaration = declarationOfAction(storage, controller, method);
      const base = declared.route ?? "";
      const full = route instanceof RegExp ? ActionMetadata.appendBaseRoute(base, route) : `${base}${route ?? ""}`;
      return {
        method: type.toUpperCase(),
        path: String(ActionMetadata.appendBaseRoute(routePrefix, full)) || "/",
        action: `${controller.name}.${String(method)}`,
        ...described(declaration ?? (isDeniedByDefault(controller) ? { roles: [] } : "public")),
        declared: declaration !== null,
      };
    });
  });
}

function actionsOf(storage: Storage, controller: object) {
  const actions: ReturnType<Storage["filterActionsWithTarget"]> = [];
  for (const target of ancestry(controller)) {
    const seen = new Set(actions.map(({ method }) => method));
    actions.push(...storage.filterActionsWithTarget(target as never).filter(({ method }) => !seen.has(method)));
  }
  return actions;
}

function described(declaration: Declaration): Omit<GuardedRoute, "method" | "path" | "action" | "declared"> {
  if (declaration === "public") return { guard: "public", fresh: false, roles: [] };
  const { fresh, roles, realm, notImpersonated, deviceBound } = declaration;
  const kind = roles.length > 0 ? "roles" : fresh ? "fresh" : "login";
  const named = realm === undefined ? {} : { realm };
  const own = { ...(notImpersonated && { notImpersonated }), ...(deviceBound && { deviceBound: true as const }) };
  return { guard: kind, fresh: fresh !== undefined, roles, ...fresh, ...named, ...own };
}
