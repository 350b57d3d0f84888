import type { RequestContext } from "../current/request-context.js";
import type { SessionAuth } from "../session/auth.js";
import { bind, type StoredSession } from "./bind.js";
import { readProof } from "./proof.js";
import type { Protocol } from "./protocol.js";
import { sendCookie, sendRefusal } from "./responses.js";

/** The algorithms of keys, the preferred one first. */
const ALGORITHMS = "(ES256 RS256)";

/** Returns the header `Secure-Session-Registration`, which asks the browser to register a key for a login. */
export function offerFor({ challenges, paths }: Protocol, loginId: string): string {
  return `${ALGORITHMS};path="${paths.registration}";challenge="${challenges.make("registration", loginId)}"`;
}

/** Responds to a browser that registers a key for the login of its session. */
export async function register(
  protocol: Protocol,
  { core, req, res }: RequestContext,
  session: StoredSession | undefined,
): Promise<void> {
  const auth = session?.record?.data.auth as unknown as SessionAuth | undefined;
  if (!session || !auth || auth.pending || auth.impersonator || auth.parked) return sendRefusal(res);
  const { userId, loginId } = auth;
  const proof = readProof(req.get("Secure-Session-Response") ?? "");
  const refuse = (reason: "invalid proof" | "wrong challenge" | "other key") => {
    core.events.emit("deviceRefused", { req, userId, loginId, reason });
    sendRefusal(res);
  };
  if (!proof?.key || !proof.isSignedBy(proof.key.jwk)) return refuse("invalid proof");
  if (protocol.challenges.judge(proof.challenge, "registration", loginId) !== "valid") return refuse("wrong challenge");
  // A registration that was copied and is sent again must get no cookie.
  if (auth.device?.id === proof.key.id) return refuse("other key");
  const { id, jwk } = proof.key;
  const device = await bind(core, session, { id, key: jwk, registeredAt: Date.now() });
  if (device === "other key") return refuse(device);
  if (device === null) return sendRefusal(res);
  core.events.emit("deviceRegistered", { req, userId, loginId });
  sendCookie(protocol, req, res, device);
}
