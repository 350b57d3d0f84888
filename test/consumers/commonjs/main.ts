import "reflect-metadata";
import type { AddressInfo } from "node:net";
import express from "express";
import { currentUser, LatchkeyError, LoginManager, loginUser, MemoryStore, UserMixin } from "latchkey";
import { Authorized, CurrentUser, Fresh, guardTable, Public } from "latchkey/routing-controllers";
import { loginAs } from "latchkey/testing";
import { Get, JsonController, useExpressServer } from "routing-controllers";

class User extends UserMixin {
  constructor(
    readonly id: number,
    readonly name: string,
  ) {
    super();
  }
}

@Authorized()
@JsonController("/account")
class AccountController {
  @Get("/")
  show(@CurrentUser() user: User) {
    return { name: user.name, isUser: user instanceof User };
  }

  @Fresh({ within: "10m" })
  @Get("/password")
  change() {
    return "changed";
  }

  @Public()
  @Get("/help")
  help() {
    return "help";
  }
}

async function main(): Promise<void> {
  const ann = new User(1, "Ann");
  const login = new LoginManager<User>({
    secret: "a secret of a CommonJS project, long enough",
    store: new MemoryStore(),
    userLoader: (id) => (id === "1" ? ann : null),
  });
  const app = express();
  login.init(app);
  app.get("/login", async (req, res) => {
    res.json([await loginUser(req, ann), (await currentUser()) === ann]);
  });
  useExpressServer(app, { controllers: [AccountController] });

  const server = app.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const cookie = await loginAs(login, ann);
  const ask = async (path: string, headers: Record<string, string> = {}) => {
    const answer = await fetch(origin + path, { headers: { accept: "application/json", ...headers } });
    return `${answer.status} ${answer.ok ? await answer.text() : ""}`.trim();
  };
  const facts = {
    nobody: [await ask("/account"), await ask("/account/help")],
    ann: [await ask("/account", { cookie }), await ask("/account/password", { cookie })],
    login: await ask("/login"),
    error: await currentUser().catch((error: unknown) => error instanceof LatchkeyError && error.code),
    table: guardTable([AccountController]).map(({ path, guard }) => `${path} ${guard}`),
  };
  server.closeAllConnections();
  server.close();
  process.stdout.write(JSON.stringify(facts));
}

void main();
