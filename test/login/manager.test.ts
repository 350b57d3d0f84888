import { expect } from "chai";
import { LoginManager } from "latchkey";
import { apiClient } from "../support/browser.js";
import { expressVersions } from "../support/express.js";
import { type Person, people, SECRET } from "../support/people.js";
import { serve } from "../support/server.js";

for (const { name, express } of expressVersions) {
  describe(`LoginManager on ${name}`, () => {
    const manager = () => new LoginManager<Person>({ secret: SECRET, userLoader: people().load });

    it("serves an application and its sub-application if it is mounted on both", async () => {
      const login = manager();
      const app = express();
      const inner = express();
      login.init(app);
      login.init(inner);
      inner.get("/", async (_req, res) => void res.json((await login.currentUser()).isAnonymous));
      app.use("/inner", inner);
      expect((await apiClient(await serve(app)).get("/inner")).json()).to.equal(true);
    });

    it("rejects a request that another manager already handles", async () => {
      const app = express();
      const inner = express();
      manager().init(app);
      manager().init(inner);
      inner.get("/", (_req, res) => void res.send("reached"));
      app.use("/inner", inner);
      const errors: unknown[] = [];
      app.use(((error, _req, res, _next) => {
        errors.push(error.code);
        res.sendStatus(error.status);
      }) as import("express").ErrorRequestHandler);
      expect((await apiClient(await serve(app)).get("/inner")).status).to.equal(500);
      expect(errors).to.deep.equal(["second_manager"]);
    });
  });
}
