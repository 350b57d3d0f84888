import { type CryptoKey, exportJWK, generateKeyPair, type JWTHeaderParameters, SignJWT } from "jose";
import { type Answer, Browser, type Sending } from "./browser.js";
import { send } from "./raw-client.js";

/** A session of the browser: a key, and the cookie that it gets for a proof that it has the key. */
export interface DeviceSession {
  id: string;
  refreshUrl: string;
  cookie: string;
  key: CryptoKey;
  alg: Algorithm;
  /** The challenge for the next refresh, if an answer had one. */
  challenge: string | undefined;
}

export type Algorithm = "ES256" | "RS256";

/** Signs a proof. `header` and `payload` replace parts of it. */
export async function proofOf(
  challenge: string,
  { key, alg }: { key: CryptoKey; alg: string },
  header: object = {},
  payload: object = {},
): Promise<string> {
  const protectedHeader = { alg, typ: "dbsc+jwt", ...header } as JWTHeaderParameters;
  return new SignJWT({ jti: challenge, ...payload }).setProtectedHeader(protectedHeader).sign(key);
}

/** Makes a key pair, and the header of a registration. */
export async function newKey(alg: Algorithm = "ES256") {
  const { privateKey: key, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { key, alg, jwk: await exportJWK(publicKey) };
}

/** The challenge and the path in the header of a response to a login. */
export function offerIn({ headers }: Answer): { algorithms: string[]; path: string; challenge: string } | null {
  const [, algorithms, path, challenge] =
    /^\(([^)]*)\);path="([^"]*)";challenge="([^"]*)"$/.exec(headers.get("secure-session-registration") ?? "") ?? [];
  return path === undefined ? null : { algorithms: algorithms!.split(" "), path, challenge: challenge! };
}

/** The challenge in the header of a response. */
export function challengeIn({ headers }: Answer): string | undefined {
  return /^"([^"]*)";id="[^"]*"$/.exec(headers.get("secure-session-challenge") ?? "")?.[1];
}

/** A browser with Device Bound Session Credentials, as Chromium 156 has them. It talks HTTPS through a proxy. */
export class DeviceBrowser extends Browser {
  sessions = new Map<string, DeviceSession>();
  /** The requests that the browser sent on its own. */
  own: Array<[path: string, status: number]> = [];
  /** The algorithm of new keys. */
  alg: Algorithm = "ES256";
  /** False if the browser does not register keys. */
  registers = true;
  readonly #refreshing = new Map<string, Promise<boolean>>();

  constructor(origin: string, headers: Record<string, string> = {}) {
    super(origin, { accept: "application/json", "x-forwarded-proto": "https", ...headers });
  }

  override async send(method: string, path: string, sending: Sending = {}): Promise<Answer> {
    const skipped: Record<string, string> = {};
    for (const session of this.sessions.values()) {
      if ((await this.cookie(session.cookie)) !== undefined) continue;
      if (!(await this.refresh(session)))
        skipped["secure-session-skipped"] = `server_error;session_identifier="${session.id}"`;
    }
    const answer = await super.send(method, path, { ...sending, headers: { ...skipped, ...sending.headers } });
    this.#note(answer);
    if (this.registers) await this.register(answer);
    return answer;
  }

  /** Follows a link on another site: the browser does not refresh for this request, but for those that the page makes. */
  async arrive(path: string, site: "cross-site" | "same-site" = "cross-site"): Promise<Answer> {
    // `fetch` sets these headers itself.
    const headers = { ...this.headers, "sec-fetch-mode": "navigate", "sec-fetch-site": site };
    const { status, text } = await send(this.origin, `GET ${path}`, { cookie: await this.copied(), headers });
    if (text.includes("location.reload()")) return this.get(path);
    return { status, text, cookies: [], location: null, headers: new Headers(), json: () => JSON.parse(text) };
  }

  /** Registers a new key, if the response offers that. */
  async register(answer: Answer): Promise<Answer | null> {
    const offer = offerIn(answer);
    if (!offer?.algorithms.includes(this.alg)) return null;
    const { jwk, ...made } = await newKey(this.alg);
    const proof = await proofOf(offer.challenge, made, { jwk });
    const registered = await this.#own(offer.path, { "secure-session-response": proof });
    if (registered.status !== 200) return registered;
    const { session_identifier: id, refresh_url: refreshUrl, credentials } = registered.json<Instructions>();
    const [{ name: cookie }] = credentials;
    this.sessions.set(id, { id, refreshUrl, cookie, challenge: challengeIn(registered), ...made });
    return registered;
  }

  /** Gets a new cookie. Resolves with false if the request must go without it. */
  refresh(session: DeviceSession): Promise<boolean> {
    const refreshing = this.#refreshing.get(session.id) ?? this.#refresh(session);
    this.#refreshing.set(session.id, refreshing);
    return refreshing.finally(() => this.#refreshing.delete(session.id));
  }

  async #refresh(session: DeviceSession): Promise<boolean> {
    const { id, refreshUrl } = session;
    for (let tried = 0; tried < 5; tried++) {
      const { challenge } = session;
      const proof = challenge && { "secure-session-response": await proofOf(challenge, session) };
      const answer = await this.#own(refreshUrl, { "sec-secure-session-id": id, ...(proof || {}) });
      session.challenge = challengeIn(answer);
      if (answer.status >= 500) return false;
      if (answer.status === 403 && session.challenge !== undefined) continue;
      if (answer.status !== 200 || answer.json<{ continue?: boolean }>().continue === false) this.sessions.delete(id);
      return true;
    }
    this.sessions.delete(id);
    return true;
  }

  #note(answer: Answer): void {
    const challenge = challengeIn(answer);
    const id = /;id="([^"]*)"/.exec(answer.headers.get("secure-session-challenge") ?? "")?.[1];
    const session = id === undefined ? undefined : this.sessions.get(id);
    if (session && challenge !== undefined) session.challenge = challenge;
  }

  async #own(path: string, headers: Record<string, string>): Promise<Answer> {
    const answer = await super.send("POST", path, { headers });
    this.own.push([path, answer.status]);
    return answer;
  }

  /** The cookies as a `Cookie` header, as a thief copies them. */
  async copied(): Promise<string> {
    return this.jar.getCookieString(this.origin);
  }
}

interface Instructions {
  session_identifier: string;
  refresh_url: string;
  credentials: [{ name: string }];
}
