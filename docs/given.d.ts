// What a fragment of code on the pages takes as given. Each is compiled by test/docs/docs.test.ts, with this beside it.

import type { Application, Request, RequestHandler, Response } from "express";
import { type LoginManager, type SessionStore, UserMixin } from "latchkey";

declare global {
  class User extends UserMixin {
    id: string;
    email: string;
    passwordHash: string;
    roles: string[];
  }

  /** The application's own table of users. */
  const users: {
    find(id: string): Promise<User | null>;
    findByEmail(email: string): Promise<User | null>;
    findByToken(tokenHash: string): Promise<User | null>;
    update(id: string, changes: Partial<User>): Promise<void>;
  };
  function hash(password: string): Promise<string>;
  function passwordProblem(password: unknown, email?: string): string | undefined;

  const app: Application;
  const login: LoginManager<User>;
  const req: Request;
  const res: Response;
  const user: User;
  const id: string;
  const secret: string;
  const store: SessionStore;
  const handler: RequestHandler;

  namespace Express {
    interface User extends InstanceType<typeof globalThis.User> {}
  }
}
