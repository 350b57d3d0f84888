// Variants with packages from this folder's own node_modules, which only the benchmarks use. Each variant is set up as
// in the package's guide, in memory.
import { encode } from "@auth/core/jwt";
import { ExpressAuth, getSession } from "@auth/express";
import Credentials from "@auth/express/providers/credentials";
import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import { fromNodeHeaders, toNodeHandler } from "better-auth/node";
import express from "express";
import { getIronSession } from "iron-session";
import { people, SECRET, type Variant } from "../harness/app.js";

/** The cookie contains the encrypted session. There is no store. */
export const ironSession: Variant = ({ count }) => {
  const { another, load } = people(count);
  const options = { password: SECRET, cookieName: "sid", cookieOptions: { secure: false } };
  const app = application();
  app.get("/login", async (req, res) => {
    const session = await getIronSession<{ userId?: string }>(req, res, options);
    session.userId = another().id;
    await session.save();
    res.send("in");
  });
  app.get("/me", async (req, res) => {
    const { userId } = await getIronSession<{ userId?: string }>(req, res, options);
    const user = userId === undefined ? undefined : load(userId);
    if (!user) return void res.sendStatus(401);
    res.json({ email: user.email });
  });
  return app;
};

/** The cookie contains a JWT. There is no store. */
export const authJs: Variant = ({ count }) => {
  const { another } = people(count);
  const config = {
    secret: SECRET,
    trustHost: true,
    useSecureCookies: false,
    providers: [Credentials({ credentials: { name: {} }, authorize: () => null })],
  };
  const app = application();
  app.use("/auth/*splat", ExpressAuth(config));
  app.get("/login", async (_req, res) => {
    const { id, email } = another();
    const name = "authjs.session-token";
    const value = await encode({ token: { sub: id, email }, secret: SECRET, salt: name });
    res.cookie(name, value, { httpOnly: true, sameSite: "lax" });
    res.send("in");
  });
  app.get("/me", async (req, res) => {
    const session = await getSession(req, config);
    if (!session?.user) return void res.sendStatus(401);
    res.json({ email: session.user.email });
  });
  return app;
};

/** better-auth keeps sessions and users in its memory adapter. */
export const betterAuthSession: Variant = ({ count }) => {
  const { another } = people(count);
  const auth = betterAuth({
    secret: SECRET,
    baseURL: "http://127.0.0.1",
    trustedOrigins: ["*"],
    database: memoryAdapter({ user: [], session: [], account: [], verification: [] }),
    emailAndPassword: { enabled: true },
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
  });
  const app = application();
  app.all("/api/auth/*splat", toNodeHandler(auth));
  app.get("/login", async (_req, res) => {
    const body = { name: "Ann", email: another().email, password: "a long password" };
    const { headers } = await auth.api.signUpEmail({ body, returnHeaders: true });
    res.setHeader("Set-Cookie", headers.getSetCookie());
    res.send("in");
  });
  app.get("/me", async (req, res) => {
    const session = await auth.api.getSession({ headers: fromNodeHeaders(req.headers) });
    if (!session) return void res.sendStatus(401);
    res.json({ email: session.user.email });
  });
  return app;
};

function application() {
  const app = express();
  app.set("env", "test");
  app.disable("x-powered-by");
  return app;
}
