// An API for programs, which send a token, and for people, who log in.
//
//   npm run build && npm run build:examples && node build/examples/api.js

import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { AddressInfo } from "node:net";
import { hash, verify } from "@node-rs/argon2";
import express, { type Request } from "express";
import { freshLoginRequired, LoginManager, loginRequired, loginUser, logoutUser, sameOriginRequired } from "latchkey";

const { PORT = "3000" } = process.env;

const accounts = [{ id: "1", name: "Ann", passwordHash: await hash("correct horse") }];
type Account = (typeof accounts)[number];

/** The issued tokens by id. The table contains only hashes, so a person who reads it cannot use the tokens. */
const tokens = new Map<string, { accountId: string; hash: Buffer }>();

/** Creates a token of an id and a secret, such as "ab12.Zm9v...". */
function issueToken(accountId: string): { id: string; token: string } {
  const [id, secret] = [randomBytes(8).toString("hex"), randomBytes(32).toString("base64url")];
  tokens.set(id, { accountId, hash: sha256(secret) });
  return { id, token: `${id}.${secret}` };
}

/** Returns the account whose token the request sends as `Authorization: Bearer ...`. */
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
  requestLoader: accountByToken, // called when the request has no session
});

const app = express();
login.init(app);
app.use(sameOriginRequired()); // refuses forms and requests of other sites
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

// A login by token is never fresh, so a token cannot create another token.
app.post("/tokens", freshLoginRequired(), async (_req, res) => {
  res.status(201).json(issueToken((await me()).id));
});

app.delete("/tokens/:id", loginRequired(), async (req, res) => {
  const id = String(req.params.id);
  if (tokens.get(id)?.accountId === (await me()).id) tokens.delete(id);
  res.sendStatus(204);
});

/** Returns the account of the current request. Call it only behind a guard. */
async function me(): Promise<Account> {
  return (await login.currentUser()) as Account;
}

const server = app.listen(Number(PORT), "localhost", () => {
  console.log(`http://localhost:${(server.address() as AddressInfo).port}`);
});
