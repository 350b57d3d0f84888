import { Validator } from "@seriousme/openapi-schema-validator";
import { expect } from "chai";
import { LoginManager, type LoginManagerOptions, MemoryStore, OptionError } from "latchkey";
import { denyByDefault, guardTable, openApiWithGuards } from "latchkey/routing-controllers";
import { routingControllersToSpec } from "routing-controllers-openapi";
import { documentedControllers, documentedStorage } from "../support/documented-controllers.js";
import { expressVersions } from "../support/express.js";
import { type Person, people, SECRET } from "../support/people.js";
import { inProduction } from "../support/production.js";
import { controllersOn, type Scene, setUp } from "../support/stages.js";

interface Response {
  description: string;
  content?: Record<string, { schema?: { allOf: [object, { properties: { code: { enum: string[] } } }] } }>;
}
interface Operation {
  operationId: string;
  security?: object[];
  responses: Record<string, Response>;
}
interface Document {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, object>; securitySchemes: Record<string, object> };
}

const PREFIX = { routePrefix: "/api" };
const JSON_ONLY = { accept: "application/json" };

/** The document of routing-controllers-openapi. */
const plain = (more = {}) =>
  structuredClone(
    routingControllersToSpec(documentedStorage(), PREFIX, { info: { title: "Articles", version: "1" }, ...more }),
  );
const managerOf = (options: Partial<LoginManagerOptions<Person>> = {}) =>
  new LoginManager<Person>({ secret: SECRET, userLoader: people().load, ...options });

/** The document with its guards. */
function documentOf({
  options = {},
  more = {},
}: {
  options?: Partial<LoginManagerOptions<Person>>;
  more?: object;
} = {}) {
  return openApiWithGuards(
    plain(more),
    guardTable(documentedControllers, PREFIX),
    managerOf(options),
  ) as never as Document;
}

async function expectValid(document: object): Promise<void> {
  const { valid, errors } = await new Validator().validate(structuredClone(document) as Record<string, unknown>);
  expect(valid, JSON.stringify(errors)).to.equal(true);
}

const build = controllersOn(expressVersions[0].express, { controllers: documentedControllers, ...PREFIX });
const PROBLEM = "application/problem+json";
const codesOf = (response: Response | undefined) =>
  response?.content?.[PROBLEM]?.schema?.allOf[1].properties.code.enum ?? [];

describe("openApiWithGuards", () => {
  let scene: Scene;
  const requiredMethods = () => ["pwd"];
  beforeEach(async () => {
    scene = await setUp((login) => denyByDefault(() => build(login)), { requiredMethods });
  });

  it("describes what requests get, and the document is valid", async () => {
    const document = documentOf({ options: { requiredMethods } });
    await expectValid(plain());
    await expectValid(document);
    const { ann, bob, as } = scene;
    const visitors = [
      await as(undefined, JSON_ONLY),
      await as(ann, { ...JSON_ONLY, methods: [] }),
      await as(bob, { ...JSON_ONLY, fresh: false }),
      await as(bob, { ...JSON_ONLY, methods: ["pwd", "otp"] }),
      await as(ann, JSON_ONLY),
      await as(ann, { ...JSON_ONLY, methods: ["pwd", "otp"] }),
    ];
    let guarded = 0;
    for (const [path, item] of Object.entries(document.paths)) {
      for (const [method, { security, responses }] of Object.entries(item)) {
        const name = `${method} ${path}`;
        const seen: Record<string, Set<string>> = { 401: new Set(), 403: new Set() };
        for (const visitor of visitors) {
          const answer = await visitor.send(method.toUpperCase(), path.replace(/{\w+}/, "7"));
          const codes = seen[answer.status];
          if (!codes) {
            expect(answer.status, name).to.be.within(200, 204);
            continue;
          }
          expect(answer.headers.get("content-type"), name).to.match(/^application\/problem\+json/);
          const problem = answer.json<{ code: string; methods?: string[] }>();
          expect(problem).to.include.keys("type", "title", "status", "detail", "code");
          expect(Array.isArray(problem.methods)).to.equal(problem.code === "method_required");
          codes.add(problem.code);
        }
        for (const status of ["401", "403"])
          expect([...seen[status]!].sort(), `${name}: ${status}`).to.deep.equal(codesOf(responses[status]).sort());
        expect(security, name).to.deep.equal(seen[401]!.size > 0 ? [{ session: [] }] : []);
        guarded += seen[401]!.size > 0 ? 1 : 0;
      }
    }
    expect(guarded).to.equal(8);
  });

  it("describes the 503 of a guard whose store is unavailable, and of no public operation", async () => {
    const store = new MemoryStore();
    const { ann, as } = await setUp((login) => denyByDefault(() => build(login)), { store });
    const visitor = await as(ann, JSON_ONLY);
    store.read = () => Promise.reject(new Error("the store is down"));
    const document = documentOf();
    await expectValid(document);
    for (const [path, item] of Object.entries(document.paths)) {
      for (const [method, { security, responses }] of Object.entries(item)) {
        const name = `${method} ${path}`;
        expect("503" in responses, name).to.equal(security!.length > 0);
        const { status } = await visitor.send(method.toUpperCase(), path.replace(/{\w+}/, "7"));
        if ("503" in responses) expect(status, name).to.equal(503);
        else expect(status, name).to.be.within(200, 204);
      }
    }
    const own = {
      openapi: "3.0.3",
      paths: { "/api/help/mine": { get: { responses: { 503: { description: "Later." } } } } },
    };
    const { paths } = openApiWithGuards(own, guardTable(documentedControllers, PREFIX), managerOf());
    expect(paths["/api/help/mine"].get.responses[503]).to.deep.equal({ description: "Later." });
  });

  it("names the real cookie", async () => {
    const schemeOf = (options = {}) => documentOf({ options }).components.securitySchemes.session;
    const cookie = (name: string) => ({ type: "apiKey", in: "cookie", name });
    expect(schemeOf()).to.deep.equal(cookie("sid"));
    expect(schemeOf({ session: { name: "shop" } })).to.deep.equal(cookie("shop"));
    inProduction(() => expect(schemeOf()).to.deep.equal(cookie("__Host-sid")));
    const components = { securitySchemes: { session: cookie("connect.sid") } };
    expect(documentOf({ more: { components } }).components.securitySchemes.session).to.deep.equal(
      cookie("connect.sid"),
    );
  });

  it("keeps what the document says, and does not change the given document", () => {
    const given = plain();
    const before = structuredClone(given);
    const { paths } = openApiWithGuards(
      given,
      guardTable(documentedControllers, PREFIX),
      managerOf(),
    ) as never as Document;
    expect(given).to.deep.equal(before);
    const { operationId, responses } = paths["/api/articles/export/{format}"]!.get!;
    expect(operationId).to.equal("exportArticles");
    expect(responses["401"]).to.include({ description: "No one is logged in, and the key is wrong." });
    expect(codesOf(responses["401"])).to.deep.equal(["login_required"]);
    expect(responses["401"]!.content).to.have.keys(PROBLEM, "text/plain");
    expect(responses["403"]).to.deep.equal({
      description: "The export is too large.",
      content: { "application/json": {} },
    });
    expect(responses["200"]).to.deep.equal(before.paths["/api/articles/export/{format}"].get.responses["200"]);
  });

  it("offers other security schemes as alternatives, except where the login must be fresh", async () => {
    const components = {
      schemas: { LatchkeyProblem: { type: "object", description: "our own" } },
      securitySchemes: {
        bearer: { type: "http", scheme: "bearer" },
        csrf: { type: "apiKey", in: "header", name: "x" },
      },
    };
    const document = documentOf({ more: { components, security: [{ bearer: [] }, {}] } });
    await expectValid(document);
    const { paths } = document;
    expect(paths["/api/articles/{id}"]!.get!.security).to.deep.equal([{ session: [] }, { bearer: [] }]);
    expect(paths["/api/articles/{id}"]!.put!.security).to.deep.equal([{ session: [] }]);
    expect(paths["/api/articles/"]!.get!.security).to.deep.equal([]);
    expect(document.components.schemas.LatchkeyProblem).to.include({ description: "our own" });
    expect(document.components.securitySchemes).to.have.keys("bearer", "csrf", "session");

    const optional = [{}, { session: [] }];
    const help = { openapi: "3.0.3", paths: { "/api/help/": { get: { security: optional, responses: {} } } } };
    const { paths: open } = openApiWithGuards(help, guardTable(documentedControllers, PREFIX), managerOf());
    expect(open["/api/help/"].get.security).to.deep.equal(optional);

    const [row] = guardTable(documentedControllers, PREFIX).filter(
      ({ action }) => action === "ArticleController.replace",
    );
    const withCsrf = { session: [], csrf: [] };
    const own = (security: object[]) => ({
      openapi: "3.1.0",
      paths: { "/api/articles/{id}": { put: { operationId: "replace", security } } },
    });
    const securityOf = (security: object[]) =>
      (openApiWithGuards(own(security), [row!], managerOf()) as never as Document).paths["/api/articles/{id}"]!.put!
        .security;
    expect(securityOf([withCsrf, { bearer: [] }])).to.deep.equal([withCsrf]);
    expect(securityOf([])).to.deep.equal([{ session: [] }]);
  });

  it("leaves out the responses of the application's own handlers", () => {
    const answer = () => {};
    const { paths } = documentOf({ options: { onUnauthorized: answer, onForbidden: answer } });
    const remove = paths["/api/articles/{id}"]!.delete!;
    expect(remove.security).to.deep.equal([{ session: [] }]);
    expect(remove.responses).not.to.have.property("401");
    expect(codesOf(remove.responses["403"])).to.deep.equal(["fresh_login_required"]);
    expect(paths["/api/articles/"]!.post!.responses).not.to.have.property("403");
    const handlers = { onNeedsRefresh: answer, onMethodRequired: answer, requiredMethods };
    const others = documentOf({ options: handlers }).paths["/api/articles/{id}"]!;
    expect(codesOf(others.put!.responses["401"])).to.deep.equal(["login_required"]);
    expect(others.put!.responses).not.to.have.property("403");
    expect(others.patch!.responses).not.to.have.property("403");
    const reference = { $ref: "#/components/responses/Refused" };
    const given = { openapi: "3.0.3", paths: { "/api/help/mine": { get: { responses: { 401: reference } } } } };
    const table = guardTable(documentedControllers, PREFIX);
    const { paths: kept } = openApiWithGuards(given, table, managerOf()) as never as Document;
    expect(kept["/api/help/mine"]!.get!.responses["401"]).to.equal(reference);
  });

  it("has both refusals for methods: required, whose users may need none", () => {
    const row = guardTable(documentedControllers, PREFIX).find(({ fresh }) => fresh)!;
    const [path, method] = [row.path.replace(/:(\w+)/g, "{$1}"), row.method.toLowerCase()];
    const given = { openapi: "3.1.0", paths: { [path]: { [method]: {} } } };
    const codes = (options = {}) => {
      const document = openApiWithGuards(given, [{ ...row, roles: [], required: true }], managerOf(options));
      return codesOf((document as never as Document).paths[path]![method]!.responses["403"]);
    };
    expect(codes({ requiredMethods })).to.deep.equal(["fresh_login_required", "method_required"]);
    expect(codes()).to.deep.equal(["fresh_login_required"]);
  });

  it("does not guard exempt methods", () => {
    const { paths } = documentOf({ options: { exemptMethods: ["PUT"] } });
    const { put, patch } = paths["/api/articles/{id}"]!;
    expect(put!.security).to.deep.equal([]);
    expect(put!.responses).not.to.have.property("401");
    expect(patch!.security).to.deep.equal([{ session: [] }]);
  });

  it("finds an operation by its path or its operationId, and leaves the others as they are", () => {
    const row = { guard: "login", declared: true, fresh: false, roles: [] } as const;
    const table = [
      { ...row, method: "ALL", path: "/files/:dir/:name(\\w+)?", action: "Files.any" },
      { ...row, method: "GET", path: "/^\\/n\\/(\\d+)$/", action: "Files.byNumber" },
      { ...row, method: "GET", path: "/", action: "Files.root" },
      { ...row, method: "GET", path: "/open", action: "Files.open", guard: "public" as const },
    ];
    const operation = { responses: {} };
    const parameters = [{ name: "dir", in: "path", required: true, schema: { type: "string" } }];
    const webhook = { ...operation, operationId: "webhook" };
    const document = {
      openapi: "3.1.0",
      paths: {
        "/files/{dir}/{name}": { parameters, get: operation, delete: operation, "x-all": operation },
        "/n/{number}": { get: { ...operation, operationId: "Files.byNumber" } },
        "": { get: operation },
        "/open": { get: operation, post: operation },
        "/webhook": { post: webhook },
      },
    };
    const { paths } = openApiWithGuards(document, table, managerOf());
    const securityOf = (path: keyof typeof paths, method: string) =>
      (paths[path] as Record<string, { security?: object[] }>)[method]!.security;
    for (const method of ["get", "delete"])
      expect(securityOf("/files/{dir}/{name}", method)).to.deep.equal([{ session: [] }]);
    expect(paths["/files/{dir}/{name}"].parameters).to.equal(parameters);
    expect(paths["/files/{dir}/{name}"]["x-all"]).to.equal(operation);
    expect(securityOf("/n/{number}", "get")).to.deep.equal([{ session: [] }]);
    expect(securityOf("", "get")).to.deep.equal([{ session: [] }]);
    expect(securityOf("/open", "get")).to.deep.equal([]);
    expect(paths["/open"].post).to.equal(operation);
    expect(paths["/webhook"].post).to.equal(webhook);
  });

  it("rejects another format, and a table that has none of the operations", () => {
    const login = managerOf();
    for (const given of [{ swagger: "2.0", paths: {} }, {}, null, "openapi: 3.0.0", { openapi: 3 }, { openapi: "2.0" }])
      expect(() => openApiWithGuards(given as never, [], login)).to.throw(OptionError, "document: expected an OpenAPI");
    const noIds = { openapi: "3.0.0", paths: { "/api/help/": { get: { responses: {} } } } };
    expect(() => openApiWithGuards(noIds, guardTable(documentedControllers), login)).to.throw(
      OptionError,
      "routePrefix",
    );
    expect(openApiWithGuards({ openapi: "3.1.0" }, [], login)).to.have.nested.property("components.securitySchemes");
  });
});
