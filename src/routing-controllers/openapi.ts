import { OptionError, unexpected } from "../errors.js";
import type { LoginManager } from "../manager/login-manager.js";
import type { ResolvedOptions } from "../options/resolved-options.js";
import { kindOf } from "../text.js";
import type { GuardedRoute } from "./guard-table.js";

/** The parts of an OpenAPI document that `openApiWithGuards` uses. The versions 3.0 and 3.1 are supported. */
export interface OpenApiDocument {
  openapi: string;
  paths?: object | undefined;
  components?: object | undefined;
  /** What an operation needs if it does not say so itself. */
  security?: readonly object[] | undefined;
}

interface Operation {
  operationId?: string;
  security?: readonly object[];
  responses?: Record<string, Response>;
}

interface Response {
  $ref?: string;
  description?: string;
  content?: object;
}

/** The name of the security scheme for the session cookie, in `components.securitySchemes`. */
const SCHEME = "session";
/** The name of the schema of a refusal, in `components.schemas`. */
const SCHEMA = "LatchkeyProblem";
const METHODS = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

const PROBLEM = {
  type: "object",
  description: "Why latchkey refused a request (RFC 9457).",
  required: ["type", "title", "status", "detail", "code"],
  properties: {
    type: { type: "string" },
    title: { type: "string" },
    status: { type: "integer" },
    detail: { type: "string" },
    code: { type: "string" },
    methods: { type: "array", items: { type: "string" }, description: "The missing methods, for method_required." },
  },
};

const MEANINGS = {
  login_required: "Nobody is logged in.",
  fresh_login_required: "The login is not fresh.",
  method_required: "The login lacks a required method.",
  role_required: "The user does not have the role.",
  impersonating: "An administrator acts as the user.",
  device_required: "The login is not bound to a device.",
};
type Code = keyof typeof MEANINGS;

/** The error that every guard may pass on. The error handlers of the application send its body. */
const UNAVAILABLE = "The session store is unavailable. (store_unavailable)";

/**
 * Returns a copy of an OpenAPI document that also describes the guards: the session cookie as a security scheme, what
 * each operation needs, and the responses 401, 403 and 503 to API clients. latchkey does not create the document: use for
 * example routing-controllers-openapi. It does not describe the 403 of `sameOriginRequired()`, which is not in the table.
 *
 * An operation is matched by its path and method, or else by its `operationId`, which is `Controller.action`. Operations
 * without a row in the table, and those for users of another realm, stay as they are. What the document already says is
 * kept: other security schemes are alternatives to the session cookie, except where the login must be fresh. If the
 * application has its own handler for a refusal, such as `onUnauthorized`, the document does not describe its response.
 *
 * @param table the result of `guardTable`
 * @param login the manager of the server, which decides the name of the cookie
 *
 * @throws OptionError if the document is not OpenAPI 3, or if it has operations but the table has none of them
 */
export function openApiWithGuards<D extends OpenApiDocument>(
  document: D,
  table: readonly GuardedRoute[],
  login: LoginManager<never, never> | LoginManager<object, object>,
): D {
  const version: unknown = (document as Partial<D> | null | undefined)?.openapi;
  if (typeof version !== "string" || !version.startsWith("3."))
    throw unexpected("document", "an OpenAPI document of version 3", kindOf(document));
  const { options } = login;
  const found = { operations: 0, routes: 0 };
  const paths = mapped<object>(document.paths ?? {}, (item, path) =>
    mapped<Operation>(item, (operation, method) => {
      if (!METHODS.includes(method)) return operation;
      found.operations++;
      const route = routeOf(table, path, method, operation);
      if (!route || (route.realm ?? options.realm) !== options.realm) return operation;
      found.routes++;
      return route.guard === "public" || options.exemptMethods.includes(method.toUpperCase())
        ? { ...operation, security: operation.security ?? [] }
        : guarded(operation, route, options, document.security ?? []);
    }),
  );
  if (found.operations > 0 && found.routes === 0)
    throw new OptionError("table", "has no operation of the document; does it need the routePrefix of the server?");
  const components = (document.components ?? {}) as { securitySchemes?: object; schemas?: object };
  const session = { type: "apiKey", in: "cookie", name: options.sessionCookie.name };
  return {
    ...document,
    paths,
    components: {
      ...components,
      schemas: { [SCHEMA]: PROBLEM, ...components.schemas },
      securitySchemes: { [SCHEME]: session, ...components.securitySchemes },
    },
  };
}

/** Finds the row of an operation. `{id}` in a path of OpenAPI is `:id` in Express. */
function routeOf(table: readonly GuardedRoute[], path: string, method: string, { operationId }: Operation) {
  const isSame = (route: GuardedRoute) =>
    [method.toUpperCase(), "ALL"].includes(route.method) &&
    route.path.replace(/:(\w+)(\([^)]*\))?[?*+]?/g, "{$1}") === (path || "/");
  return table.find(isSame) ?? table.find(({ action }) => action === operationId);
}

function guarded(
  operation: Operation,
  route: GuardedRoute,
  options: ResolvedOptions,
  byDefault: readonly object[],
): Operation {
  // An empty requirement would mean that the login is optional. A login by other means than the session is never fresh.
  const given = (operation.security ?? byDefault).filter((one) => Object.keys(one).length > 0);
  const bySession = given.filter((one) => SCHEME in one);
  const security = [...(bySession.length > 0 ? [] : [{ [SCHEME]: [] }]), ...(route.fresh ? bySession : given)];
  const responses: Record<string, Response> = { "503": { description: UNAVAILABLE }, ...operation.responses };
  for (const [status, codes] of Object.entries(codesOf(route, options))) {
    if (codes.length > 0) responses[status] = withProblem(responses[status], codes);
  }
  return { ...operation, security, responses };
}

/** The codes of the refusals that latchkey itself responds to, by status. */
function codesOf(route: GuardedRoute, options: ResolvedOptions): Record<string, Code[]> {
  const { requiredMethods, onUnauthorized, onMethodRequired, onNeedsRefresh, onForbidden } = options;
  const needsMethods = (route.methods ?? []).length > 0;
  const mayNeedMethods = needsMethods || (route.required === true && requiredMethods !== undefined);
  const when = (code: Code, isPossible: boolean, handler: unknown) => (isPossible && !handler ? [code] : []);
  return {
    401: [
      ...when("login_required", true, onUnauthorized),
      ...when("method_required", requiredMethods !== undefined, onMethodRequired),
    ],
    403: [
      ...when("fresh_login_required", route.fresh && !needsMethods, onNeedsRefresh),
      ...when("method_required", mayNeedMethods, onMethodRequired),
      ...when("role_required", route.roles.length > 0, onForbidden),
      ...when("impersonating", route.notImpersonated === true, onForbidden),
      ...when("device_required", route.deviceBound === true, onForbidden),
    ],
  };
}

/** Adds the problem document to what the application says about a response with the same status. */
function withProblem(given: Response | undefined, codes: readonly Code[]): Response {
  if (given?.$ref !== undefined) return given;
  const schema = { allOf: [{ $ref: `#/components/schemas/${SCHEMA}` }, { properties: { code: { enum: codes } } }] };
  return {
    ...{ description: codes.map((code) => `${MEANINGS[code]} (${code})`).join(" ") },
    ...given,
    content: { "application/problem+json": { schema }, ...given?.content },
  };
}

function mapped<T>(record: object, change: (value: T, key: string) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(record).map(([key, value]: [string, T]) => [key, change(value, key)]));
}
