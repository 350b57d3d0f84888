import { expect } from "chai";
import { loginRequired, roleRequired } from "latchkey";
import { expressVersions } from "../support/express.js";
import { setUp } from "../support/stages.js";

describe("app.use(loginRequired())", () => {
  for (const { name, express } of expressVersions) {
    const open = () =>
      setUp((login) => {
        const app = express();
        login?.init(app);
        app.get("/", (_req, res) => void res.send("welcome"));
        app.use("/open", express.static("docs/public"));
        app.use(loginRequired());
        app.get("/orders", (_req, res) => void res.send("orders"));
        app.use("/closed", express.static("docs/public"));
        const admin = express.Router();
        admin.use(roleRequired("admin"));
        admin.get("/users", (_req, res) => void res.send("users"));
        app.use("/admin", admin);
        app.get("/administer", (_req, res) => void res.send("administer"));
        return app;
      });

    it(`guards everything that is added after it, and nothing before it, on ${name}`, async () => {
      const { ann, bob, as } = await open();
      const [nobody, user, admin] = [await as(), await as(bob), await as(ann)];
      const statuses = (path: string) =>
        Promise.all([nobody, user, admin].map(async (client) => (await client.get(path)).status));
      expect(await statuses("/")).to.deep.equal([200, 200, 200]);
      expect(await statuses("/open/icon.svg")).to.deep.equal([200, 200, 200]);
      for (const path of ["/orders", "/ORDERS/", "/closed/icon.svg", "/administer"])
        expect(await statuses(path), path).to.deep.equal([401, 200, 200]);
      expect(await statuses("/admin/users")).to.deep.equal([401, 403, 200]);
      for (const path of ["/no/such/path", "/open/none.svg"])
        expect(await statuses(path), path).to.deep.equal([401, 404, 404]);
      expect((await nobody.post("/")).status).to.equal(401);
    });
  }
});
