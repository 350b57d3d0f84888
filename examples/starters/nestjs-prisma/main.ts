import "reflect-metadata";
import { Module } from "@nestjs/common";
import { APP_GUARD, NestFactory } from "@nestjs/core";
import type { NestExpressApplication } from "@nestjs/platform-express";
import { LoginManager, sameOriginRequired } from "latchkey";
import { LatchkeyModule, LoginGuard } from "latchkey/nestjs";
import { openStore } from "latchkey/stores";
import type { User } from "./generated/client.js";
import { PagesController } from "./pages.controller.js";
import { Users } from "./users.js";

@Module({ providers: [Users], exports: [Users] })
class UsersModule {}

@Module({
  imports: [
    UsersModule,
    LatchkeyModule.forRootAsync({
      imports: [UsersModule],
      inject: [Users],
      useFactory: async (users: Users) =>
        new LoginManager<User>({
          secret: process.env.SECRET ?? "only for development: 32 characters or more",
          store: await openStore(process.env.SESSION_STORE ?? "sqlite:sessions.sqlite"),
          userLoader: (id) => users.find(id),
          loginView: "/login",
          refreshView: "/login",
          remember: { duration: "30d" },
        }),
    }),
  ],
  controllers: [PagesController],
  providers: [{ provide: APP_GUARD, useClass: LoginGuard }], // a handler needs a login unless it has @Public()
})
class AppModule {}

const app = await NestFactory.create<NestExpressApplication>(AppModule, { logger: ["error", "warn"] });
app.use(sameOriginRequired()); // refuses forms and requests of other sites
await app.listen(Number(process.env.PORT ?? 3000), "localhost");
console.log((await app.getUrl()).replace(/\[::1\]|127\.0\.0\.1/, "localhost"));
