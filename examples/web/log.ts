import type { Request } from "express";

/** Where the application writes what an operator wants to know. */
export interface Log {
  failedLogin(req: Request, email: string): void;
  error(error: unknown): void;
}

/** To the console. What people typed is quoted, so that nobody can forge a line. */
export const consoleLog: Log = {
  failedLogin: (req, email) => console.warn(`failed login as ${JSON.stringify(email.slice(0, 254))} from ${req.ip}`),
  error: (error) => console.error(error),
};
