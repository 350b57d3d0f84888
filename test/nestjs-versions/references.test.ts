import { ApolloFederationDriver, type ApolloFederationDriverConfig } from "@nestjs/apollo";
import { APP_GUARD } from "@nestjs/core";
import { Directive, Field, GraphQLModule, Int, ObjectType, Query, ResolveReference, Resolver } from "@nestjs/graphql";
import { expect } from "chai";
import { Authorized, LoginGuard } from "latchkey/nestjs";
import { nestSite } from "../nestjs/site.js";
import { apiClient } from "../support/browser.js";

describe("latchkey in a subgraph", () => {
  it("guards the resolver of references", async () => {
    @ObjectType()
    @Directive('@key(fields: "id")')
    class Item {
      @Field(() => Int) id!: number;
      @Field(() => String, { nullable: true }) name?: string;
    }
    @Authorized("admin")
    @Resolver(() => Item)
    class Items {
      @Query(() => Item, { nullable: true }) item() {
        return { id: 1 };
      }
      @ResolveReference() resolve(reference: { id: number }) {
        return { id: reference.id, name: "found" };
      }
    }
    const graphql = GraphQLModule.forRoot<ApolloFederationDriverConfig>({
      driver: ApolloFederationDriver,
      autoSchemaFile: { federation: 2 },
      playground: false,
      fieldResolverEnhancers: ["guards"],
    });
    const module = { imports: [graphql], providers: [Items, { provide: APP_GUARD, useClass: LoginGuard }] };
    const { origin, factors } = await nestSite({ module });
    factors.clear();
    const answers: string[] = [];
    for (const id of [null, 2, 1]) {
      const client = apiClient(origin);
      if (id !== null) await client.post(`/login/${id}`, { json: {} });
      const query = '{ _entities(representations: [{ __typename: "Item", id: 7 }]) { ... on Item { id name } } }';
      const { data, errors } = (await client.post("/graphql", { json: { query } })).json<{
        data: { _entities: Array<{ name: string } | null> };
        errors?: Array<{ extensions: { code: string } }>;
      }>();
      answers.push(data._entities[0]?.name ?? errors![0]!.extensions.code);
    }
    expect(answers).to.eql(["login_required", "role_required", "found"]);
  });
});
