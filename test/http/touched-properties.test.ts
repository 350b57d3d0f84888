import { readFileSync } from "node:fs";
import { expect } from "chai";
import type { Express, Request, Response } from "express";
import express from "express";
import expressSession from "express-session";
import { LoginManager, loginUser } from "latchkey";
import { expressVersions } from "../support/express.js";
import { people, SECRET } from "../support/people.js";
import { send } from "../support/raw-client.js";
import { serve } from "../support/server.js";

type Make = (typeof expressVersions)[number]["express"];

/** The properties of an object and of its prototypes. */
function properties(object: object): Map<string, unknown> {
  const found = new Map<string, unknown>();
  for (let at: object | null = object; at && at !== Object.prototype; at = Object.getPrototypeOf(at) as object | null) {
    for (const key of Reflect.ownKeys(at)) {
      const { value, get } = Object.getOwnPropertyDescriptor(at, key)!;
      const name = typeof key === "symbol" ? `[${key.description}]` : key;
      if (!found.has(name)) found.set(name, typeof value === "function" ? value : (get ?? "data"));
    }
  }
  return found;
}

/** The names that were added, or whose function was replaced. */
function differences(before: Map<string, unknown>, after: Map<string, unknown>): string[] {
  return [...after].filter(([name, value]) => before.get(name) !== value).map(([name]) => name);
}

/** The properties of `req` and `res` that middleware and a handler change, in an Express that nothing else changed. */
async function touched(make: Make, mount: (app: Express) => void, handle: (req: Request, res: Response) => unknown) {
  const app = make();
  // Copy the prototypes, because other tests may have changed those of Express.
  for (const kind of ["request", "response"] as const) {
    const shared = Object.getPrototypeOf(app[kind]) as object;
    const builtIn = Object.getPrototypeOf(make[kind]) as object;
    const clean = Object.create(builtIn) as object;
    for (const key of Reflect.ownKeys(shared)) {
      if (typeof key === "symbol" || SHARED[kind].includes(key)) continue;
      Object.defineProperty(clean, key, Object.getOwnPropertyDescriptor(shared, key)!);
    }
    if (kind === "response") Object.assign(clean, { render: plainRender.get(make) });
    Object.setPrototypeOf(app[kind], clean);
  }
  const seen: Record<"req" | "res", string[]> = { req: [], res: [] };
  let before: Array<Map<string, unknown>> = [];
  app.use((req, res, next) => {
    before = [req, res].map(properties);
    next();
  });
  mount(app);
  app.all("/", async (req, res) => {
    await handle(req, res);
    const after = [req, res].map(properties);
    seen.req = differences(before[0]!, after[0]!);
    seen.res = differences(before[1]!, after[1]!);
    res.send("done");
  });
  await send(await serve(app), "POST /", { json: {} });
  return seen;
}

const SHARED = {
  request: ["session", "sessionID", "sessionStore", "user"],
  response: ["writeHead", "writeHeader", "write", "end", "flushHeaders"],
};
/** The `res.render` of each Express, before latchkey changes it. */
const plainRender = new Map(expressVersions.map(({ express: make }) => [make as Make, make.response.render]));

describe("the properties of a request and its response that latchkey changes", () => {
  const manager = () => new LoginManager({ secret: SECRET, userLoader: people().load });
  const page = readFileSync("docs/what-latchkey-changes.md", "utf8");
  const stated = [...page.matchAll(/^\| `(req|res)\.?([\w[\].]+)`/gm)].map(([, whose, name]) => `${whose} ${name}`);

  for (const { name, express: make } of expressVersions) {
    it(`are the documented ones, on ${name}`, async () => {
      const found = new Set<string>();
      const mounts: Array<(app: Express) => void> = [
        (app) => manager().init(app),
        (app) => {
          app.use(expressSession({ secret: SECRET, resave: false, saveUninitialized: false }));
          app.use(manager().middleware());
        },
      ];
      for (const [at, mount] of mounts.entries()) {
        const login = (request: Request) => loginUser(request, people().ann);
        const { req, res } = await touched(make, mount, login);
        const ours = [...req.map((one) => `req ${one}`), ...res.map((one) => `res ${one}`)];
        for (const one of ours) if (at === 0 || !THEIRS.includes(one)) found.add(one);
      }
      const nothing = () => {};
      for (const one of (await touched(make, nothing, nothing)).req) found.delete(`req ${one}`);
      const marks = (names: Iterable<string>) => [...names].filter((one) => !one.endsWith("[latchkey.shared]")).sort();
      const expected = stated.filter((one) => one !== "res writeHeader" || "writeHeader" in express.response);
      expect(marks(found)).to.eql(marks(expected));
    });
  }
});

/** The properties that express-session itself changes. */
const THEIRS = [
  "req _parsedOriginalUrl",
  "req session",
  "req sessionID",
  "req sessionStore",
  "res end",
  "res write",
  "res writeHead",
];
