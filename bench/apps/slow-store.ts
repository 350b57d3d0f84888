import { LoginManager, loginRequired, loginUser, MemoryStore, type SessionStore } from "latchkey";
import { type Person, people, SECRET, type Variant } from "../harness/app.js";
import { application } from "./express.js";

/** The time that each call of the slow store takes, in milliseconds. */
export const DELAY = 50;

/** latchkey over a store that delays every call. */
export const latchkeySlow: Variant = ({ count }) => {
  const { another, load } = people(count);
  const login = new LoginManager({ secret: SECRET, store: slow(new MemoryStore()), userLoader: load });
  const app = application((app) => login.init(app));
  app.get("/login", async (req, res) => {
    await loginUser(req, another());
    res.send("in");
  });
  app.get("/me", loginRequired(), (req, res) => void res.json({ email: (req.user as Person).email }));
  app.get("/write", loginRequired(), (req, res) => {
    (req.session as unknown as { seen: number }).seen = Math.random();
    res.send("written");
  });
  return app;
};

function slow(store: MemoryStore): SessionStore {
  return new Proxy(store, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== "function") return value;
      return async (...given: unknown[]) => {
        await new Promise((resolve) => setTimeout(resolve, DELAY));
        return value.apply(target, given);
      };
    },
  });
}
