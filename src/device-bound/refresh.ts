import type { Request } from "express";
import { storeOf } from "../active-sessions/store-logins.js";
import type { Core } from "../core.js";
import type { RequestContext } from "../current/request-context.js";
import { verify, verifyRemembered } from "../current/verify.js";
import type { Bound, Device } from "../login-fields/device.js";
import { browserIn } from "../remember/browser-record.js";
import type { RememberPersistent } from "../remember/persistent.js";
import { readBrowser } from "../remember/presented-token.js";
import type { SessionAuth } from "../session/auth.js";
import { createIfFree } from "../store/create-if-free.js";
import { bind, bindBrowser, type StoredSession } from "./bind.js";
import { CHALLENGE_LASTS } from "./challenges.js";
import { readProof, unquoted } from "./proof.js";
import type { Protocol } from "./protocol.js";
import { sendChallenge, sendCookie, sendEnd } from "./responses.js";

/** How long a used proof is remembered, in milliseconds: longer than its challenge, because the clocks of servers differ. */
const PROOF_LASTS = CHALLENGE_LASTS + 2 * 60_000;

/** The login of a browser that asks for a new cookie of its device. */
interface RefreshedLogin {
  userId: string;
  loginId: string;
  device: Device;
  /** Makes sure that all records of the login have the device. Resolves with false if the login has ended. */
  settle(): Promise<boolean>;
}

/** Responds to a browser that asks for a new cookie of its device. */
export async function refresh(
  protocol: Protocol,
  { core, req, res }: RequestContext,
  session: StoredSession | undefined,
): Promise<void> {
  const login = await loginOf(core, req, session);
  const sent = unquoted(req.get("Sec-Secure-Session-Id") ?? "");
  if (login?.device.id !== sent) return sendEnd(res, sent);
  const { userId, loginId, device } = login;
  const header = req.get("Secure-Session-Response");
  if (header === undefined) return sendChallenge(protocol, res, device);
  const proof = readProof(header);
  const refuse = (reason: "invalid proof" | "wrong challenge") => {
    core.events.emit("deviceRefused", { req, userId, loginId, reason });
    sendChallenge(protocol, res, device);
  };
  if (!proof?.isSignedBy(device.key)) return refuse("invalid proof");
  const judged = protocol.challenges.judge(proof.challenge, "refresh", device.id);
  if (judged === "late") return sendChallenge(protocol, res, device); // the user comes back after a while
  if (judged === "foreign") return refuse("wrong challenge");
  if (!(await isFirstUse(protocol, core, proof.challenge))) return refuse("wrong challenge");
  if (!(await login.settle())) return sendEnd(res, sent);
  core.events.emit("deviceRefreshed", { req, userId, loginId });
  sendCookie(protocol, req, res, device);
}

/** Notes in the store that a challenge was used, so that a copy of its proof is rejected. */
function isFirstUse({ proofIds }: Protocol, core: Core, challenge: string): Promise<boolean> {
  const now = Date.now();
  const times = { createdAt: now, lastSeenAt: now, expiresAt: now + PROOF_LASTS };
  const record = { kind: "proof", userId: null, data: {}, ...times, revision: 0 };
  return createIfFree(storeOf(core), proofIds.of(challenge), record);
}

/** Resolves with the valid login of the session, or else of the remembered browser, if it has a device. */
async function loginOf(core: Core, req: Request, session: StoredSession | undefined): Promise<RefreshedLogin | null> {
  const auth = session?.record?.data.auth as unknown as SessionAuth | undefined;
  const verdict = auth && (await verify(core, req, auth, () => {}));
  if (verdict === "session protection") return null; // the remembered browser ends too
  const inUse = typeof verdict === "string" ? undefined : session;
  if (inUse && auth?.device) return inSession(core, inUse, auth.device);
  const series = (core.remember as RememberPersistent).seriesIn(req); // checked when the manager was created
  const record = series === null ? null : await readBrowser(storeOf(core), series);
  const browser = record && browserIn(record);
  const { device } = (browser?.login ?? {}) as Bound;
  if (!browser || !device) return null;
  if (!inUse || !auth) return inBrowser(core, req, { id: series!, record }, device);
  // The session was written without the device of its browser, for example because the process stopped in between.
  return auth.loginId === browser.loginId ? inSession(core, inUse, device) : null;
}

function inSession(core: Core, session: StoredSession, device: Device): RefreshedLogin {
  const auth = session.record!.data.auth as unknown as SessionAuth;
  const { userId, loginId } = auth;
  return {
    ...{ userId, loginId, device },
    settle: async () => isBound(await bind(core, session, boundNow(device))),
  };
}

async function inBrowser(
  core: Core,
  req: Request,
  browser: StoredSession,
  device: Device,
): Promise<RefreshedLogin | null> {
  const { userId, loginId, stamp } = browserIn(browser.record!);
  if ((await verifyRemembered(core, req)(userId, stamp)) === null) return null;
  return {
    ...{ userId, loginId, device },
    settle: async () => isBound(await bindBrowser(core, browser, boundNow(device))),
  };
}

/** The browser has proven that it has the key, so the login needs the device from now on. */
function boundNow(device: Device): Device {
  return { ...device, boundAt: device.boundAt ?? Date.now() };
}

function isBound(bound: Awaited<ReturnType<typeof bind>>): boolean {
  return bound !== null && bound !== "other key";
}
