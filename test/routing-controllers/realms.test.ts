import { expect } from "chai";
import { MemoryStore } from "latchkey";
import { Authorized, CurrentUser, decoratorsFor, Fresh, guardTable } from "latchkey/routing-controllers";
import { Get, JsonController, useExpressServer } from "routing-controllers";
import { apiClient } from "../support/browser.js";
import { serve } from "../support/server.js";
import { type Member, twoKinds } from "../support/two-kinds.js";

const Staff = decoratorsFor("staff");
const Nobody = decoratorsFor("nobody");
type Shown = { kind?: string };
const kindOf = ({ kind = "anonymous" }: Shown) => kind;

@JsonController("/shop")
class Shop {
  @Authorized() @Get("/orders") orders(@CurrentUser() customer: Shown, @Staff.CurrentUser() employee: Shown) {
    return [customer, employee].map(kindOf);
  }
  @Staff.Authorized("refunds") @Get("/refunds") refunds(@Staff.CurrentUser() employee: Shown) {
    return kindOf(employee);
  }
  @Nobody.Authorized() @Get("/nobody") nobody() {}
}

@Staff.Authorized()
@JsonController("/desk")
class Desk {
  @Get("/") open() {
    return "open";
  }
  @Staff.Fresh({ within: "10m" }) @Get("/secret") secret() {
    return "secret";
  }
}

describe("decoratorsFor", () => {
  it("guards actions for the users of a realm, beside those of the first manager", async () => {
    const { app, load } = twoKinds({ customers: new MemoryStore(), staff: new MemoryStore() });
    useExpressServer(app, { controllers: [Shop, Desk] });
    const client = apiClient(await serve(app));
    const statuses = async () =>
      Promise.all(
        ["/shop/orders", "/shop/refunds", "/desk/", "/desk/secret"].map(
          async (path) => (await client.get(path)).status,
        ),
      );
    expect(await statuses()).to.eql([401, 401, 401, 401]);
    await client.post("/customer/login/1");
    expect(await statuses()).to.eql([200, 401, 401, 401]);
    await client.post("/staff/login/1", { json: { fresh: false } });
    expect(await statuses()).to.eql([200, 403, 200, 403]);
    (load("staff")("1") as Member).roles = ["refunds"];
    await client.post("/staff/confirm");
    expect(await statuses()).to.eql([200, 200, 200, 200]);
    expect((await client.get("/shop/orders")).json()).to.eql(["customer", "staff"]);
    expect((await client.get("/shop/refunds")).text).to.equal('"staff"');
    await client.post("/customer/logout");
    expect(await statuses()).to.eql([401, 200, 200, 200]);
  });

  it("fails closed if no manager with the realm handles the request", async () => {
    const { app } = twoKinds({ customers: new MemoryStore(), staff: new MemoryStore() });
    class None {}
    useExpressServer(app, { controllers: [Shop], middlewares: [None] }); // not those of other tests in this process
    const answer = await apiClient(await serve(app)).get("/shop/nobody");
    expect(answer.status).to.equal(500);
    expect(answer.text).to.include(
      "no LoginManager with the realm &quot;nobody&quot; handles this request. Its managers have the realm &quot;customers&quot;, the realm &quot;staff&quot;.",
    );
  });

  it("is shown in the table of guards", () => {
    const rows = guardTable([Shop, Desk]).map(({ action, guard, realm }) => [action, guard, realm]);
    expect(rows).to.eql([
      ["Shop.orders", "login", undefined],
      ["Shop.refunds", "roles", "staff"],
      ["Shop.nobody", "login", "nobody"],
      ["Desk.open", "login", "staff"],
      ["Desk.secret", "fresh", "staff"],
    ]);
  });

  it("rejects an action for two kinds of users, and a realm that is not a string", () => {
    class Mixed {
      act() {}
    }
    Staff.Authorized()(Mixed.prototype, "act");
    expect(() => Authorized()(Mixed.prototype, "act")).to.throw(
      "decorators: Mixed.act is guarded for users of the realm staff and of the first manager",
    );
    expect(() => Fresh()(Mixed.prototype, "act")).to.throw("choose one of them");
    expect(() => decoratorsFor(undefined as never)).to.throw("decoratorsFor: expected a realm, not undefined");
  });
});
