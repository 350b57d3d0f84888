import { Controller, Get } from "@nestjs/common";
import { Test, type TestingModuleBuilder } from "@nestjs/testing";
import { expect } from "chai";
import { LoginManager } from "latchkey";
import { Authorized, CurrentUser, LatchkeyModule, LoginGuard } from "latchkey/nestjs";
import { loginAs } from "latchkey/testing";
import { afterTest } from "../support/after-test.js";
import { apiClient } from "../support/browser.js";
import { type Person, people, SECRET } from "../support/people.js";

@Authorized()
@Controller("me")
class Me {
  @Get() me(@CurrentUser() user: Person) {
    return user.name;
  }
}

const { bob, load } = people();
const manager = (secret = SECRET) => new LoginManager<Person>({ secret, userLoader: load });

/** Starts the application of a testing module, and returns what nobody and Bob get. */
async function outcome(change: (builder: TestingModuleBuilder) => TestingModuleBuilder) {
  const builder = Test.createTestingModule({ imports: [LatchkeyModule.forRoot(manager())], controllers: [Me] });
  const app = (await change(builder).compile()).createNestApplication();
  await app.listen(0, "127.0.0.1");
  afterTest(() => app.close());
  const login = app.get<LoginManager<Person>>(LoginManager);
  const client = apiClient(await app.getUrl());
  const cookie = await loginAs(login, bob);
  const [nobody, found] = [await client.get("/me"), await client.get("/me", { headers: { cookie } })];
  return { login, answers: [nobody.status, found.status, found.text] };
}

describe("@nestjs/testing", () => {
  it("logs a user in with loginAs", async () => {
    expect((await outcome((builder) => builder)).answers).to.eql([401, 200, "Bob"]);
  });

  it("replaces the manager by overrideProvider(LoginManager)", async () => {
    const other = manager("another secret of 32 characters or more");
    const { login, answers } = await outcome((builder) => builder.overrideProvider(LoginManager).useValue(other));
    expect(login).to.equal(other);
    expect(answers).to.eql([401, 200, "Bob"]);
  });

  it("keeps the guards of decorators in spite of overrideGuard(LoginGuard)", async () => {
    const open = { canActivate: () => true };
    const { answers } = await outcome((builder) => builder.overrideGuard(LoginGuard).useValue(open));
    expect(answers).to.eql([401, 200, "Bob"]);
  });
});
