import { expect } from "chai";
import { SECRET } from "../support/people.js";
import { runProgram } from "../support/program.js";

/** What a program with customers (the first manager) and staff does before and after its controllers are declared. */
const BEFORE = `
import "reflect-metadata";
import express from "express";
import { LoginManager } from "latchkey";
import { loginAs } from "latchkey/testing";

const make = (realm) => new LoginManager({ secret: ${JSON.stringify(SECRET)}, realm, userLoader: (id) => ({ id, realm }) });
const [customers, staff] = [make("customers"), make("staff")];
const warnings = [];
process.on("warning", ({ message }) => void warnings.push(message));
class Shop {
  orders(user) {
    return { realm: user.realm };
  }
}
`;
const AFTER = `
const cookie = await loginAs(customers, { id: "1" });
const response = await fetch("http://127.0.0.1:" + server.address().port + "/orders", { headers: { cookie } });
console.log(JSON.stringify({ user: await response.json(), warnings }));
process.exit();
`;

const WAYS: Record<string, string> = {
  "routing-controllers": `
import { Get, JsonController, useExpressServer } from "routing-controllers";
import { Authorized, CurrentUser } from "latchkey/routing-controllers";
JsonController()(Shop);
Get("/orders")(Shop.prototype, "orders");
Authorized()(Shop.prototype, "orders");
CurrentUser()(Shop.prototype, "orders", 0);
const app = express();
customers.init(app);
staff.init(app);
useExpressServer(app, { controllers: [Shop] });
const server = app.listen(0);
`,
  NestJS: `
import { Controller, Get, Module } from "@nestjs/common";
import { APP_GUARD, NestFactory } from "@nestjs/core";
import { CurrentUser, LatchkeyModule, LoginGuard } from "latchkey/nestjs";
Controller()(Shop);
Get("orders")(Shop.prototype, "orders", Object.getOwnPropertyDescriptor(Shop.prototype, "orders"));
CurrentUser()(Shop.prototype, "orders", 0);
class App {}
Module({
  imports: [LatchkeyModule.forRoot([customers, staff])],
  controllers: [Shop],
  providers: [{ provide: APP_GUARD, useClass: LoginGuard }],
})(App);
const app = await NestFactory.create(App, { logger: false });
await app.listen(0, "127.0.0.1");
const server = app.getHttpServer();
`,
};

describe("decorators without a realm, with two managers", () => {
  for (const [framework, declare] of Object.entries(WAYS)) {
    it(`mean the first manager, without a warning (${framework})`, async () => {
      // In a process of its own, because a process warns only once.
      const { output } = await runProgram(BEFORE + declare + AFTER);
      expect(output).to.equal(JSON.stringify({ user: { realm: "customers" }, warnings: [] }));
    });
  }
});
