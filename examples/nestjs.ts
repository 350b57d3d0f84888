// NestJS on Express: every handler needs a login unless it is public.
//
//   npm run build && npm run build:examples && node build/examples/nestjs.js

import "reflect-metadata";
import { randomBytes } from "node:crypto";
import {
  BadRequestException,
  Body,
  Controller,
  Get,
  HttpCode,
  Inject,
  Injectable,
  Module,
  Post,
  Req,
  UnauthorizedException,
} from "@nestjs/common";
import { APP_GUARD, NestFactory } from "@nestjs/core";
import type { NestExpressApplication } from "@nestjs/platform-express";
import { hash, verify } from "@node-rs/argon2";
import type { Request } from "express";
import {
  currentUser,
  LoginManager,
  loginUser,
  logoutUser,
  refreshStamp,
  sameOriginRequired,
  UserMixin,
} from "latchkey";
import { Authorized, CurrentUser, Fresh, LatchkeyModule, LoginGuard, Public } from "latchkey/nestjs";
import { openStore } from "latchkey/stores";

const { PORT = "3000", SESSION_STORE = "memory:" } = process.env;

class Account extends UserMixin {
  constructor(
    readonly id: string,
    readonly name: string,
    public passwordHash: string,
    readonly roles: string[] = [],
  ) {
    super();
  }

  getSessionStamp() {
    return this.passwordHash;
  }
}

@Injectable()
class Accounts {
  readonly #all: Account[] = []; // use a database instead

  async onModuleInit() {
    this.#all.push(new Account("1", "Ann", await hash("correct horse")));
    this.#all.push(new Account("2", "Root", await hash("battery staple"), ["admin"]));
  }

  find(id: string): Account | undefined {
    return this.#all.find((account) => account.id === id);
  }

  async check(name: unknown, password: unknown): Promise<Account | undefined> {
    const account = this.#all.find((one) => one.name === name);
    return account && (await verify(account.passwordHash, String(password))) ? account : undefined;
  }
}

/** A service that gets the current user without the request. */
@Injectable()
class Greeter {
  async greet(): Promise<string> {
    const user = (await currentUser()) as Partial<Account>;
    return `Hello, ${user.name ?? "stranger"}!`;
  }
}

@Public()
@Controller()
class LoginController {
  constructor(
    @Inject(Accounts) private readonly accounts: Accounts,
    @Inject(Greeter) private readonly greeter: Greeter,
  ) {}

  @Get()
  hello() {
    return this.greeter.greet();
  }

  @Post("login")
  @HttpCode(204)
  async login(@Req() req: Request, @Body() { name, password }: { name?: unknown; password?: unknown }) {
    const account = await this.accounts.check(name, password);
    if (!account) throw new UnauthorizedException("Wrong name or password.");
    await loginUser(req, account);
  }

  @Post("logout")
  @HttpCode(204)
  logout(@Req() req: Request) {
    return logoutUser(req);
  }
}

@Controller("account")
class AccountController {
  @Get()
  show(@CurrentUser() { id, name }: Account) {
    return { id, name };
  }

  @Fresh({ within: "10m" })
  @Post("password")
  @HttpCode(204)
  async changePassword(
    @Req() req: Request,
    @CurrentUser() account: Account,
    @Body() { password }: { password?: unknown },
  ) {
    if (typeof password !== "string" || password.length < 15)
      throw new BadRequestException("Use at least 15 characters.");
    account.passwordHash = await hash(password);
    await refreshStamp(req); // keeps this login, and ends all others
  }

  @Authorized("admin")
  @Get("audit")
  audit() {
    return ["nothing happened"];
  }
}

@Module({ providers: [Accounts], exports: [Accounts] })
class AccountsModule {}

@Module({
  imports: [
    AccountsModule,
    LatchkeyModule.forRootAsync({
      imports: [AccountsModule],
      inject: [Accounts],
      useFactory: async (accounts: Accounts) =>
        new LoginManager<Account>({
          secret: process.env.SECRET ?? randomBytes(32).toString("hex"),
          store: await openStore(SESSION_STORE),
          userLoader: (id) => accounts.find(id),
        }),
    }),
  ],
  controllers: [LoginController, AccountController],
  providers: [Greeter, { provide: APP_GUARD, useClass: LoginGuard }],
})
class AppModule {}

const app = await NestFactory.create<NestExpressApplication>(AppModule, { logger: ["error", "warn"] });
app.use(sameOriginRequired()); // refuses forms and requests of other sites
await app.listen(Number(PORT), "localhost");
console.log((await app.getUrl()).replace(/\[::1\]|127\.0\.0\.1/, "localhost"));
