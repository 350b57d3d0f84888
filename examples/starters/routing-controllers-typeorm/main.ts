import "reflect-metadata";
import type { AddressInfo } from "node:net";
import express from "express";
import { LoginManager, sameOriginRequired } from "latchkey";
import { denyByDefault } from "latchkey/routing-controllers";
import { openStore } from "latchkey/stores";
import { useContainer, useExpressServer } from "routing-controllers";
import { Pages } from "./pages-controller.js";
import { findUser, type User } from "./users.js";

const login = new LoginManager<User>({
  secret: process.env.SECRET ?? "only for development: 32 characters or more",
  store: await openStore(process.env.SESSION_STORE ?? "sqlite:sessions.sqlite"),
  userLoader: findUser,
  loginView: "/login",
  refreshView: "/login",
  remember: { duration: "30d" },
});

const app = express();
login.init(app);
app.use(sameOriginRequired()); // refuses forms and requests of other sites
app.use(express.urlencoded());
useContainer({ get: (Controller) => new Controller(login) });
// An action needs a login unless it has @Public().
denyByDefault(() => useExpressServer(app, { controllers: [Pages] }));

const server = app.listen(Number(process.env.PORT ?? 3000), "localhost", () => {
  console.log(`http://localhost:${(server.address() as AddressInfo).port}`);
});
