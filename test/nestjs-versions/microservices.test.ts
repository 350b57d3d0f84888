import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { Controller } from "@nestjs/common";
import { APP_GUARD, NestFactory } from "@nestjs/core";
import { ClientProxyFactory, MessagePattern, type MicroserviceOptions, Transport } from "@nestjs/microservices";
import { expect } from "chai";
import { LoginManager } from "latchkey";
import { Authorized, CurrentUser, LatchkeyModule, LoginGuard, Public } from "latchkey/nestjs";
import { firstValueFrom, timeout } from "rxjs";
import { afterTest } from "../support/after-test.js";
import { people, SECRET } from "../support/people.js";

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

describe("latchkey in a microservice", () => {
  it("refuses messages, answers each of them, and goes on", async () => {
    const ran: string[] = [];
    @Controller()
    class Messages {
      @MessagePattern("undeclared") undeclared() {
        ran.push("undeclared");
      }
      @Authorized() @MessagePattern("guarded") guarded() {
        ran.push("guarded");
      }
      @Public() @MessagePattern("user") user(@CurrentUser() user: object) {
        ran.push(`user ${String(user)}`);
      }
      @Public() @MessagePattern("public") public() {
        return "public";
      }
    }
    const root = {
      module: class App {},
      imports: [LatchkeyModule.forRoot(new LoginManager({ secret: SECRET, userLoader: people().load }))],
      controllers: [Messages],
      providers: [{ provide: APP_GUARD, useClass: LoginGuard }],
    };
    const options = { host: "127.0.0.1", port: await freePort() };
    const app = await NestFactory.createMicroservice<MicroserviceOptions>(root, {
      transport: Transport.TCP,
      options,
      logger: false,
      abortOnError: false,
    });
    await app.listen();
    const client = ClientProxyFactory.create({ transport: Transport.TCP, options });
    afterTest(async () => {
      client.close();
      await app.close();
    });
    const ask = (pattern: string) =>
      firstValueFrom(client.send<unknown>(pattern, {}).pipe(timeout(5000))).catch((error: unknown) => error);
    for (const pattern of ["undeclared", "guarded", "user"]) {
      expect(await ask(pattern), pattern).to.deep.include({ status: "error", message: "Internal server error" });
    }
    expect(await ask("public")).to.equal("public");
    expect(ran).to.eql([]);
  });
});
