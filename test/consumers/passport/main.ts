import type { AddressInfo } from "node:net";
import express, { type Request } from "express";
import { LoginManager, loginRequired, loginUser, logoutUser, UserMixin } from "latchkey";
import passport from "passport";

class Account extends UserMixin {
  constructor(
    readonly id: number,
    readonly email: string,
  ) {
    super();
  }
}

declare global {
  namespace Express {
    interface User extends Account {}
  }
}
declare module "express-session" {
  interface SessionData {
    passport?: { user: string };
    visits?: number;
  }
}

const ann = new Account(1, "ann@example.com");

/** Passport checks the credentials. */
class HeaderStrategy extends passport.Strategy {
  override name = "header";
  override authenticate(req: Request): void {
    if (req.headers["x-password"] === "right") this.success(ann);
    else this.fail("wrong", 401);
  }
}

passport.use(new HeaderStrategy());
passport.serializeUser((user, done) => done(null, user.email));
passport.deserializeUser((_email, done) => done(new Error("Passport must not load a user from the session")));

const login = new LoginManager({
  secret: "a secret of a project with Passport, long enough",
  userLoader: (id) => (id === "1" ? ann : null),
});
const app = express();
login.init(app);
app.use(passport.initialize(), passport.session());
app.post("/login", passport.authenticate("header", { session: false }), async (req, res) => {
  const user: Account | undefined = req.user;
  res.json(user ? await loginUser(req, user, { remember: true }) : null);
});
app.get("/me", loginRequired(), async (req, res) => {
  req.session.visits = (req.session.visits ?? 0) + 1;
  const user = await login.currentUser(req);
  const { visits, auth, passport: kept } = req.session;
  const same = !user.isAnonymous && user.equals(req.user) && req.isAuthenticated();
  res.json([req.user?.email, visits, auth?.userId, kept ?? null, same]);
});
app.post("/logout", async (req, res) => {
  await logoutUser(req);
  res.json([req.user === undefined, req.isUnauthenticated()]);
});

const server = app.listen(0, "127.0.0.1");
await new Promise((resolve) => server.once("listening", resolve));
const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const jar = new Map<string, string>();
async function ask(method: string, path: string, headers: Record<string, string> = {}): Promise<unknown> {
  const cookie = [...jar].map((pair) => pair.join("=")).join("; ");
  const answer = await fetch(origin + path, { method, headers: { accept: "application/json", cookie, ...headers } });
  for (const set of answer.headers.getSetCookie()) {
    const [, name, value] = /^([^=]+)=([^;]*)/.exec(set)!;
    if (value) jar.set(name!, value);
    else jar.delete(name!);
  }
  return answer.ok ? answer.json() : answer.status;
}
const facts = {
  wrong: await ask("POST", "/login", { "x-password": "wrong" }),
  before: await ask("GET", "/me"),
  right: await ask("POST", "/login", { "x-password": "right" }),
  cookies: [...jar.keys()].sort(),
  me: [await ask("GET", "/me"), await ask("GET", "/me")],
  logout: await ask("POST", "/logout"),
  after: await ask("GET", "/me"),
  left: [...jar.keys()],
};
server.closeAllConnections();
server.close();
process.stdout.write(JSON.stringify(facts));
