import { once } from "node:events";
import type { AddressInfo } from "node:net";
import express from "express";
import { confirmLogin, LoginManager, loginRequired, loginUser, logoutUser, type SessionStore } from "latchkey";
import { RedisStore } from "latchkey/stores/redis";
import { createClient } from "redis";
import { type CountingProxy, startCountingProxy } from "../../test/support/counting-proxy.js";
import { type Machine, machineOf } from "../harness/machine.js";
import type { Part } from "../harness/part.js";
import { openPlace } from "../harness/place.js";
import { table, whole } from "../harness/table.js";
import { commandsOf, resetCommands } from "../trips/redis-commands.js";

/** What a request asks of a store in Redis. */
interface Asked {
  deed: string;
  /** The store calls, in order. */
  calls: string[];
  /** The commands that the store sends, without those that a script runs. */
  commands: number;
  /** The bytes that the store sends. */
  sent: number;
}

interface CallsResults {
  machine: Machine;
  asked: Asked[];
}

const USER_AGENT =
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36";

type Send = (line: string, cookie?: string) => Promise<string>;

/** For each request: prepares it, and returns its line and its cookies. */
const DEEDS: Record<string, (send: Send) => Promise<[line: string, cookie: string]>> = {
  "a page for a user": async (send) => ["GET /me", await send("POST /login")],
  "a login": async () => ["POST /login", ""],
  "a login with remember": async () => ["POST /login?remember", ""],
  "a login with remember over a session": async (send) => ["POST /login?remember", await send("POST /note")],
  "a confirmation": async (send) => ["POST /confirm", await send("POST /login")],
  "a confirmation in a remembered browser": async (send) => ["POST /confirm", await send("POST /login?remember")],
  "a restore": async (send) => ["GET /me", withoutSession(await send("POST /login?remember"))],
  "a logout": async (send) => ["POST /logout", await send("POST /login")],
  "a logout in a remembered browser": async (send) => ["POST /logout", await send("POST /login?remember")],
};

/** Counts the store calls, the commands and the bytes that each request sends to Redis, from a user with a stamp. */
export const calls: Part<CallsResults> = {
  name: "calls",
  async run({ node }) {
    const place = await openPlace("redis");
    const proxy = await startCountingProxy(place.url);
    const client = await createClient({ url: proxy.urlOf(place.url) }).connect();
    try {
      return { machine: await machineOf(node), asked: await askedOf(place.url, proxy, new RedisStore({ client })) };
    } finally {
      client.destroy();
      proxy.stop();
      await place.close();
    }
  },
  report({ asked }) {
    const rows = asked.map((one) => [one.deed, one.calls.join(", "), one.commands, whole(one.sent)]);
    return table(["", "store calls", "commands", "bytes sent"], rows);
  },
};

async function askedOf(url: string, proxy: CountingProxy, inner: SessionStore): Promise<Asked[]> {
  const made: string[] = [];
  const { origin, close } = await serve(noting(inner, made));
  const send: Send = async (line, cookie = "") => {
    const [method, path] = line.split(" ") as [string, string];
    const answer = await fetch(origin + path, { method, headers: { cookie, "user-agent": USER_AGENT } });
    if (!answer.ok) throw new Error(`${line} was answered with ${answer.status}`);
    const set = answer.headers.getSetCookie().filter((one) => !one.includes("Expires=Thu, 01 Jan 1970"));
    return set.map((one) => one.split(";")[0]).join("; ");
  };
  const asked: Asked[] = [];
  for (const [deed, prepare] of Object.entries(DEEDS)) {
    await send(...(await prepare(send))); // teaches the scripts to the server
    const request = await prepare(send);
    await resetCommands(url);
    made.length = 0;
    const before = proxy.sent();
    await send(...request);
    const sent = proxy.sent() - before;
    const { "Redis EVALSHA": scripts = 0, ...others } = await commandsOf(url);
    // GET is sent by a read, and run by each script too.
    const reads = made.filter((call) => call === "read").length;
    if (Object.keys(others).includes("Redis EVAL")) throw new Error("a script was sent as text");
    asked.push({ deed, calls: [...made], commands: scripts + reads, sent });
  }
  close();
  return asked;
}

/** A store that notes the name of each call. */
function noting(inner: SessionStore, made: string[]): SessionStore {
  return new Proxy(inner, {
    get(store, name) {
      const value: unknown = Reflect.get(store, name);
      if (typeof value !== "function") return value;
      return (...args: unknown[]) => {
        made.push(String(name));
        return value.apply(store, args);
      };
    },
  });
}

async function serve(store: SessionStore): Promise<{ origin: string; close(): void }> {
  const ann = { id: "1", getSessionStamp: () => "a stamp" };
  const login = new LoginManager({ secret: "a secret of at least 32 characters", store, userLoader: () => ann });
  const app = express();
  login.init(app);
  app.post("/login", async (req, res) => {
    await loginUser(req, ann, { remember: req.query.remember !== undefined });
    res.end();
  });
  app.post("/logout", async (req, res) => {
    await logoutUser(req);
    res.end();
  });
  app.post("/confirm", async (req, res) => {
    await confirmLogin(req);
    res.end();
  });
  app.post("/note", (req, res) => {
    (req.session as unknown as Record<string, unknown>).note = "cart";
    res.end();
  });
  app.get("/me", loginRequired(), (_req, res) => void res.end());
  const server = app.listen(0, "127.0.0.1");
  await once(server, "listening");
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close };
}

function withoutSession(cookie: string): string {
  return cookie.split("; ").find((pair) => !pair.startsWith("sid="))!;
}
