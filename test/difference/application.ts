import compression from "compression";
import type { ErrorRequestHandler, Express, Request, RequestHandler, Response } from "express";
import express5 from "express";
import expressSession from "express-session";
import express4 from "express4";
import { currentUser, LoginManager, loginUser } from "latchkey";
import { type Person, people, SECRET } from "../support/people.js";
import type { Recorder } from "./recorder.js";
import type { Role } from "./spec.js";
import { ExpressSessionStore, storeOf } from "./stores.js";
import { type ExpressModule, turns } from "./way.js";
import { ways } from "./ways/index.js";
import { witness } from "./witness.js";

const modules = { 4: express4, 5: express5 } as unknown as Record<"4" | "5", ExpressModule>;

declare module "express-session" {
  interface SessionData {
    changed?: string;
  }
}

/** The application of one case, with latchkey or without it. */
export function application(role: Role, recorder: Recorder, folder: string, enter: () => void): Express {
  const { spec } = recorder;
  const express = modules[spec.express];
  const way = ways.get(spec.way)!;
  const { ann, load } = people();
  const app = express();
  app.set("env", "test"); // Express then prints no stack traces
  app.set("views", folder);
  app.engine("txt", render as never);
  app.set("view engine", "txt");

  app.use((req, res, next) => {
    if (req.path === "/way") recorder.watch(res);
    next();
  });
  if (spec.compression === "before") app.use(compress());
  const hasLatchkey = role === "with latchkey";
  if (spec.sessions === "express-session") app.use(session(recorder));
  if (hasLatchkey) {
    const login = new LoginManager<Person>({ secret: SECRET, userLoader: load, store: storeOf(recorder) });
    app.use(...(spec.sessions === "latchkey" ? [login.session()] : []), login.middleware());
  } else app.use(witness(recorder));
  if (spec.compression === "after") app.use(compress());

  const answered = new Promise<void>((resolve) => {
    app.get("/before", (_req, res, next) => void answer(res).catch(next));
    const answer = async (res: Response) => {
      await entered;
      await turns();
      res.send("before");
      resolve();
    };
  });
  let begin!: () => void;
  const entered = new Promise<void>((resolve) => {
    begin = resolve;
  });
  app.get("/after", (_req, res) => void res.send("after"));
  app.get("/prepare", (req, res, next) => {
    const made = hasLatchkey ? loginUser(req, ann, { remember: true }) : Promise.resolve(true);
    made.then(() => res.send("prepared"), next);
  });

  const use = async (req: Request) => {
    if (spec.session === "untouched") return;
    if (!hasLatchkey && spec.sessions === "latchkey") return;
    if (hasLatchkey && spec.session === "new login") await loginUser(req, ann);
    if (hasLatchkey && spec.session === "restored login") {
      if ((await currentUser(req)) !== ann) throw new Error("the login was not restored");
    }
    req.session.changed = "yes";
  };
  app.all(
    "/way",
    (req, _res, next) => void use(req).then(() => next(), next),
    (req, res, next) => {
      begin();
      enter();
      return recorder.run(way, { req, res, next, express, folder });
    },
  );
  app.use(((error, req, res, next) => {
    if (req.path === "/way") recorder.errorHandled(error, req);
    if (way.onError && recorder.isAnswering && (error.status !== 503 || res.headersSent)) {
      return way.onError(error, { req, res, next, express, folder, ...recorder.tools(res) });
    }
    return res.headersSent ? next(error) : res.status(error.status ?? 500).json({ error: error.code ?? error.message });
  }) as ErrorRequestHandler);
  void answered;
  return app;
}

function compress(): RequestHandler {
  return compression({ threshold: 0 }) as RequestHandler;
}

function session(recorder: Recorder): RequestHandler {
  const store = new ExpressSessionStore(recorder);
  return expressSession({ secret: SECRET, resave: false, saveUninitialized: false, store });
}

function render(path: string, options: { title?: string }, callback: (error: unknown, html?: string) => void): void {
  if (path.includes("broken")) setImmediate(callback, new Error("the template failed"));
  else setImmediate(callback, null, `<h1>${options.title}</h1>`);
}
