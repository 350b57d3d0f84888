import { once } from "node:events";
import { ApolloDriver, type ApolloDriverConfig } from "@nestjs/apollo";
import { Controller, Post } from "@nestjs/common";
import { APP_GUARD } from "@nestjs/core";
import { Args, Context, GraphQLModule, Int, Mutation, Query, Resolver, Subscription } from "@nestjs/graphql";
import { expect } from "chai";
import type { Request } from "express";
import { loginUser, logoutUser } from "latchkey";
import { CurrentUser, Fresh, LoginGuard, Public } from "latchkey/nestjs";
import sinon from "sinon";
import { WebSocket } from "ws";
import { guardedClasses, type NestSite, nestSite } from "../nestjs/site.js";
import { times, visit } from "../nestjs/visit.js";
import { afterTest } from "../support/after-test.js";
import { apiClient, type Browser } from "../support/browser.js";
import { expected, guards, visitors } from "../support/guard-model.js";
import { type Person, people } from "../support/people.js";

interface Failure {
  message: string;
  path: string[];
  extensions: { code: string; methods?: string[] };
}

/** The result of a GraphQL operation. */
interface Result {
  data: Record<string, unknown> | null;
  errors?: Failure[];
}

/** A site with GraphQL at /graphql. */
function withGraphQL(providers: unknown[], options: object = {}): NestSite {
  const graphql = GraphQLModule.forRoot<ApolloDriverConfig>({
    driver: ApolloDriver,
    autoSchemaFile: true,
    playground: false,
    introspection: false,
    includeStacktraceInErrorResponses: false,
    ...options,
  });
  return { module: { imports: [graphql], providers: providers as never[] } };
}

async function ask(client: Browser, query: string): Promise<Result> {
  const answer = await client.post("/graphql", { json: { query } });
  expect(answer.status, answer.text).to.equal(200);
  return answer.json<Result>();
}

const fieldOf = (guard: string) => guard.replaceAll("-", "_");

describe("the truth table of the guards in GraphQL", () => {
  let clock: sinon.SinonFakeTimers;
  beforeEach(() => {
    clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
  });
  afterEach(() => sinon.restore());

  for (const [who, visitor] of Object.entries(visitors)) {
    it(`holds for ${who}`, async () => {
      const resolvers = guardedClasses(
        (guard) => Query(() => String, { name: fieldOf(guard), nullable: true }),
        Resolver(),
      );
      const { browser } = await visit(visitor, clock, withGraphQL(resolvers));
      for (const passed of times(clock)) {
        const { data, errors = [] } = await ask(browser, `{ ${Object.keys(guards).map(fieldOf).join(" ")} }`);
        for (const [guard, requirement] of Object.entries(guards)) {
          const label = `${guard} after ${passed} ms`;
          const field = fieldOf(guard);
          const answer = expected(visitor, requirement, passed);
          const failure = errors.find(({ path }) => path[0] === field);
          expect(failure ? failure.extensions.code : data?.[field], label).to.equal(answer.split(" ")[0]);
        }
      }
    });
  }
});

describe("latchkey in GraphQL", () => {
  const { byId } = people();

  @Resolver()
  class Accounts {
    @Query(() => String, { nullable: true }) me(@CurrentUser() user: Person) {
      return user.name;
    }
    @Fresh({ methods: ["otp"] }) @Query(() => String, { nullable: true }) secret() {
      return "secret";
    }
    @Public() @Query(() => String, { nullable: true }) hello(@CurrentUser() user: Person) {
      return `Hello, ${user.name ?? "stranger"}!`;
    }
    @Public() @Mutation(() => Boolean) login(
      @Args("id", { type: () => Int }) id: number,
      @Context() { req }: { req: Request },
    ) {
      return loginUser(req, byId.get(String(id))!);
    }
    @Subscription(() => String, { resolve: (value) => value }) async *letters(@CurrentUser() user: Person) {
      yield `for ${user.name}`;
    }
    @Mutation(() => Boolean, { nullable: true }) async logout(@Context() { req }: { req: Request }) {
      await logoutUser(req);
      return true;
    }
  }
  @Public()
  @Controller()
  class Other {
    @Post("other") other() {
      return "other";
    }
  }

  async function open(options: object = {}) {
    const given = withGraphQL([Accounts, { provide: APP_GUARD, useClass: LoginGuard }], options);
    given.module!.controllers = [Other];
    const site = await nestSite(given);
    site.factors.clear();
    return { ...site, client: apiClient(site.origin) };
  }

  it("denies by default, logs in and out in mutations, and passes the user", async () => {
    const { client, login } = await open();
    let unauthorized = 0;
    login.on("unauthorized", () => void unauthorized++);
    const { data, errors } = await ask(client, "{ me hello }");
    expect(data).to.eql({ me: null, hello: "Hello, stranger!" });
    expect(errors).to.have.length(1);
    expect(errors![0]).to.deep.include({ message: "You need to log in.", path: ["me"] });
    expect(errors![0]!.extensions).to.eql({ code: "login_required" });
    expect(unauthorized).to.equal(1);

    expect((await ask(client, "mutation { login(id: 2) }")).data).to.eql({ login: true });
    expect((await ask(client, "{ me hello }")).data).to.eql({ me: "Bob", hello: "Hello, Bob!" });
    const lacking = (await ask(client, "{ secret }")).errors![0]!;
    expect(lacking.extensions).to.eql({ code: "method_required", methods: ["otp"] });
    expect((await ask(client, "mutation { logout }")).data).to.eql({ logout: true });
    expect((await ask(client, "{ me }")).data).to.eql({ me: null });
  });

  it("needs the request in the context, and refuses without it", async () => {
    const { client } = await open({ context: () => ({ req: { no: "request" } }) });
    const { data, errors } = await ask(client, "{ me }");
    expect(data).to.eql({ me: null });
    expect(errors![0]!.message).to.equal("Internal server error");
  });

  it("has an error with a code while the store is unavailable", async () => {
    const { client, login } = await open();
    await ask(client, "mutation { login(id: 2) }");
    login.userLoader(() => {
      throw new Error("the database is down");
    });
    const { data, errors } = await ask(client, "{ me }");
    expect([data, errors!.length]).to.eql([{ me: null }, 1]);
  });

  it("checks the login of the socket when a subscription begins", async () => {
    const { client, origin } = await open({ subscriptions: { "graphql-ws": true } });
    const cookie = async () => (await client.jar.getCookieString(origin)) || "none=1";
    expect(await subscribed(origin, await cookie()))
      .to.include("You need to log in.")
      .and.include("login_required");
    await ask(client, "mutation { login(id: 2) }");
    expect(await subscribed(origin, await cookie())).to.include("for Bob");
  });

  it("passes the user to fields that run at the same time on one socket", async () => {
    const { client, origin } = await open({ subscriptions: { "graphql-ws": true } });
    await ask(client, "mutation { login(id: 2) }");
    const answer = await subscribed(origin, await client.jar.getCookieString(origin), "{ me secret hello }");
    const { data, errors } = (JSON.parse(answer) as { payload: Result }).payload;
    expect(data).to.eql({ me: "Bob", secret: null, hello: null });
    expect(errors!.map(({ path, extensions }) => `${path[0]} ${extensions.code}`).sort()).to.eql([
      "hello login_required", // it has no guard
      "secret method_required",
    ]);
  });
});

/** Sends an operation as graphql-ws does, and returns the first message after that. */
async function subscribed(origin: string, cookie: string, query = "subscription { letters }"): Promise<string> {
  const socket = new WebSocket(`${origin.replace("http", "ws")}/graphql`, "graphql-transport-ws", {
    headers: { cookie },
  });
  afterTest(() => socket.terminate());
  await once(socket, "open");
  const send = async (message: object) => {
    socket.send(JSON.stringify(message));
    return String((await once(socket, "message"))[0]);
  };
  await send({ type: "connection_init" });
  return send({ id: "1", type: "subscribe", payload: { query } });
}
