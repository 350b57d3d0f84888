import type { NextFunction, Request, Response } from "express";

/**
 * A page to which guards redirect: a URL, a map from path prefix to URL (the longest matching prefix is used), or a
 * function that returns the URL.
 */
export type View = string | Readonly<Record<string, string>> | ((req: Request) => string | undefined);

/**
 * Sends the response to a refused request, or calls `next()`, which passes the reason for the refusal to the error
 * handlers.
 */
export type ChallengeHandler = (req: Request, res: Response, next: NextFunction) => unknown;
