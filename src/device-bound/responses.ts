import { hash } from "node:crypto";
import type { Request, Response } from "express";
import type { Device } from "../login-fields/device.js";
import type { Protocol } from "./protocol.js";

const SCRIPT = "location.reload()";
const PAGE = `<!doctype html><script>${SCRIPT}</script><noscript><a href="">Continue</a></noscript>`;
/** The application's own policy might block the script. */
const PAGE_POLICY = `default-src 'none'; script-src 'sha256-${hash("sha256", SCRIPT, "base64")}'`;
const ID = /^[\w-]{43}$/;

/**
 * Responds with a new cookie for the device, with what the browser must know about the cookie, and with the challenge
 * for the next refresh. (Device Bound Session Credentials, 9.6)
 */
export function sendCookie(protocol: Protocol, req: Request, res: Response, { id }: Device): void {
  const { cookie, paths, trustedOrigins } = protocol;
  const hosts = Array.from(trustedOrigins, (origin) => new URL(origin).hostname);
  cookie.set(req, res, id);
  challenge(protocol, res, id);
  res.status(200).json({
    session_identifier: id,
    refresh_url: paths.refresh,
    scope: { include_site: false, scope_specification: [] },
    ...(hosts.length > 0 && { allowed_refresh_initiators: hosts }),
    credentials: [{ type: "cookie", name: cookie.name, attributes: cookie.attributes }],
  });
}

/** Tells the browser that the login has ended, so that it deletes the key. @param sent the id that the browser sent */
export function sendEnd(res: Response, sent: string): void {
  const id = ID.test(sent) ? { session_identifier: sent } : {};
  res
    .status(200)
    .set("Cache-Control", "no-store")
    .json({ ...id, continue: false });
}

/** Asks the browser to sign a new challenge. After several of these responses in a row, the browser deletes the key. */
export function sendChallenge(protocol: Protocol, res: Response, { id }: Device): void {
  challenge(protocol, res, id);
  sendRefusal(res);
}

/** Refuses a registration. The login stays as it is, without a device. */
export function sendRefusal(res: Response): void {
  res.status(403).set("Cache-Control", "no-store").end();
}

/**
 * Responds while the store is unavailable. The browser keeps its key and tries again. With a 4xx status, it would
 * delete the key.
 */
export function sendUnavailable(res: Response): void {
  res.status(503).set({ "Retry-After": "5", "Cache-Control": "no-store" }).end();
}

/**
 * Sends a page that loads itself again, with the part of its URL after "#". If the user follows a link from another
 * site, the browser does not refresh the cookie of the device. But it does so for the second request, which this page
 * makes.
 */
export function sendAgain(res: Response): void {
  res.status(200).set({ "Cache-Control": "no-store", "Content-Security-Policy": PAGE_POLICY }).type("html").send(PAGE);
}

function challenge({ challenges }: Protocol, res: Response, deviceId: string): void {
  res.set("Secure-Session-Challenge", `"${challenges.make("refresh", deviceId)}";id="${deviceId}"`);
}
