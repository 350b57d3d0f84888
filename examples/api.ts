// An API for programs with a token of their own, and for people who logged in.
//
//   npm run build && npm run build:examples && node build/examples/api.js

import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { AddressInfo } from "node:net";
import { hash, verify } from "@node-rs/argon2";
import express, { type Request } from "express";
import { freshLoginRequired, LoginManager, loginRequired, loginUser, logoutUser } from "latchkey";

const { PORT = "3000" } = process.env;

const accounts = [{ id: "1", name: "Ann", passwordHash: await hash("correct horse") }];
type Account = (typeof accounts)[number];

/** The tokens that were given out, by their ids. Who reads the table gets none of them: it has their hashes alone. */
const tokens = new Map<string, { accountId: string; hash: Buffer }>();

/** A token is its id and a secret: "ab12.Zm9v...". */
function issueToken(accountId: string): { id: string; token: string } {
  const [id, secret] = [randomBytes(8).toString("hex"), randomBytes(32).toString("base64url")];
  tokens.set(id, { accountId, hash: sha256(secret) });
  return { id, token: `${id}.${secret}` };
}

/** Whose token is it that the request has as `Authorization: Bearer ...`? */
function accountByToken(req: Request): Account | undefined {
  const [, id = "", secret = ""] = /^Bearer (\w+)\.([\w-]+)$/i.exec(req.get("authorization") ?? "") ?? [];
  const issued = tokens.get(id);
  if (!issued || !timingSafeEqual(issued.hash, sha256(secret))) return undefined;
  return accounts.find((account) => account.id === issued.accountId);
}

function sha256(secret: string): Buffer {
  return createHash("sha256").update(secret).digest();
}

const login = new LoginManager<Account>({
  secret: process.env.SECRET ?? randomBytes(32).toString("hex"),
  userLoader: (id) => accounts.find((account) => account.id === id),
  requestLoader: accountByToken, // asked when there is no session
});

const app = express();
login.init(app);
app.use(express.json());

app.post("/login", async (req, res) => {
  const { name, password } = req.body ?? {};
  const account = accounts.find((one) => one.name === name);
  if (!account || !(await verify(account.passwordHash, String(password)))) return login.unauthorized(req);
  await loginUser(req, account);
  res.sendStatus(204);
});

app.post("/logout", async (req, res) => {
  await logoutUser(req);
  res.sendStatus(204);
});

app.get("/me", loginRequired(), async (_req, res) => {
  const { id, name } = await me();
  res.json({ id, name });
});

// A login by token is never fresh, so no token makes another.
app.post("/tokens", freshLoginRequired(), async (_req, res) => {
  res.status(201).json(issueToken((await me()).id));
});

app.delete("/tokens/:id", loginRequired(), async (req, res) => {
  const id = String(req.params.id);
  if (tokens.get(id)?.accountId === (await me()).id) tokens.delete(id);
  res.sendStatus(204);
});

/** Who asks, behind a guard. */
async function me(): Promise<Account> {
  return (await login.currentUser()) as Account;
}

const server = app.listen(Number(PORT), "localhost", () => {
  console.log(`http://localhost:${(server.address() as AddressInfo).port}`);
});
