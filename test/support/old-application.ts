import express, { type Express } from "express";
import session, { type Store } from "express-session";
import { Passport } from "passport";
import { Strategy as LocalStrategy } from "passport-local";

export const OLD_SECRET = "keyboard cat";

/** The values that the old application keeps in a session. */
export interface OldValues {
  passport?: { user?: string };
  cart?: string[];
}

/** An application with express-session and Passport, as it was before latchkey. Every password is right. */
export function oldApplication(store: Store, cookie: session.CookieOptions = {}): Express {
  const passport = new Passport();
  passport.use(new LocalStrategy((id, _password, done) => done(null, { id } as Express.User)));
  passport.serializeUser((user, done) => done(null, (user as { id: string }).id));
  passport.deserializeUser((id: string, done) => done(null, { id } as never));
  const app = express();
  app.set("env", "test");
  app.use(session({ secret: OLD_SECRET, store, cookie, resave: false, saveUninitialized: false }));
  app.use(passport.initialize(), passport.session(), express.json());
  app.post("/login", passport.authenticate("local"), (_req, res) => void res.send("welcome"));
  app.post("/logout", (req, res, next) => req.logout((error) => (error ? next(error) : void res.send("bye"))));
  app.post("/end", (req, res) => void req.session.destroy(() => res.send("ended")));
  app.post("/cart/:item", (req, res) => {
    const values = req.session as OldValues;
    values.cart = [...(values.cart ?? []), req.params.item];
    res.send("added");
  });
  app.post("/as/:id", (req, res) => {
    (req.session as OldValues).passport = { user: req.params.id };
    res.send("changed");
  });
  app.get("/me", (req, res) => {
    res.json({ id: (req.user as { id?: string } | undefined)?.id ?? null, cart: (req.session as OldValues).cart });
  });
  return app;
}
