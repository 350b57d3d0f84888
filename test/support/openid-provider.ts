import { createServer, type RequestListener } from "node:http";
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";
import { afterTest } from "./after-test.js";
import type { Answer, Browser } from "./browser.js";

const CLIENT = "app";
const EVENT = "http://schemas.openid.net/event/backchannel-logout";

/** The changes of a logout token that a test signs itself. A claim that is undefined is left out. */
interface Forging {
  claims?: Record<string, unknown>;
  header?: Record<string, unknown>;
  /** Signs with another key of the same id. */
  wrongKey?: boolean;
}

/**
 * Starts an OpenID provider with one client, the application on `origin`. Everybody can log in there: the name is the
 * `sub`, and `name@example.com` the email address.
 *
 * @param callback the path of the application's redirect URI
 */
export async function startProvider(origin: string, callback = "/callback") {
  silenceNotices();
  const { Provider } = await import("oidc-provider"); // it prints a notice on Node 20
  const pair = await generateKeyPair("RS256", { extractable: true });
  const other = await generateKeyPair("RS256", { extractable: true });
  const jwk = { ...(await exportJWK(pair.privateKey)), kid: "key", alg: "RS256", use: "sig" };
  let handle: RequestListener = (_req, res) => void res.end();
  const server = createServer((req, res) => handle(req, res));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const issuer = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  const failures: string[] = [];
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: CLIENT,
        client_secret: "secret",
        redirect_uris: [origin + callback],
        post_logout_redirect_uris: [`${origin}/logged-out`],
        backchannel_logout_uri: `${origin}/back-channel-logout`,
        backchannel_logout_session_required: true,
      },
    ],
    jwks: { keys: [jwk] },
    cookies: { keys: ["only for tests"], names: { session: "op", interaction: "op_i", resume: "op_r" } },
    claims: { openid: ["sub", "sid", "auth_time"], email: ["email", "email_verified"] },
    conformIdTokenClaims: false,
    features: { backchannelLogout: { enabled: true }, devInteractions: { enabled: true } },
    findAccount: (_ctx: unknown, sub: string) => ({
      accountId: sub,
      claims: () => ({ sub, email: `${sub}@example.com`, email_verified: true }),
    }),
    // Its own dispatcher refuses the addresses of this machine.
    fetch: (url: string, { dispatcher: _, ...options }: { dispatcher?: unknown }) => fetch(url, options),
  });
  provider.on("backchannel.error", ((_ctx: unknown, error: Error) =>
    failures.push(`${error.message}: ${error.cause}`)) as never);
  handle = provider.callback();
  afterTest(() => {
    server.closeAllConnections();
    server.close();
  });

  /** Signs a logout token with the provider's key. */
  const logoutToken = ({ claims = {}, header = {}, wrongKey = false }: Forging = {}): Promise<string> => {
    const now = Math.floor(Date.now() / 1000);
    const events = { [EVENT]: {} };
    const payload = { iss: issuer, aud: CLIENT, iat: now, exp: now + 120, jti: `${Math.random()}`, events, ...claims };
    return new SignJWT(payload as JWTPayload)
      .setProtectedHeader({ alg: "RS256", kid: "key", typ: "logout+jwt", ...header })
      .sign(wrongKey ? other.privateKey : pair.privateKey);
  };
  return { issuer, failures, publicKey: pair.publicKey, logoutToken };
}

/**
 * Follows redirects and fills in the provider's forms, until a page without a form. Returns the last answer.
 *
 * @param seen called with the URL of the callback
 * @param at the URL of the first answer
 */
export async function follow(
  browser: Browser,
  first: Answer,
  issuer: string,
  name: string,
  seen: (url: string) => void = () => {},
  at = browser.origin,
): Promise<Answer> {
  let answer = first;
  let url = at;
  for (let steps = 0; steps < 20; steps++) {
    const { location, text } = answer;
    if (location !== null) {
      url = new URL(location, url).href;
      if (url.includes("/callback?")) seen(url);
      answer = await browser.get(url);
    } else if (url.startsWith(issuer) && text.includes("<form")) {
      const action = /<form[^>]* action="([^"]*)"/.exec(text)?.[1] ?? url;
      const form: Record<string, string> = { login: name, password: "any" };
      for (const [, key, value] of text.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g))
        form[key!] = value!;
      if (text.includes('value="yes"')) form.logout = "yes";
      url = new URL(action, url).href;
      answer = await browser.post(url, { form });
    } else return answer;
  }
  throw new Error("too many redirects");
}

/** Leaves out what the provider prints about its use in production. */
function silenceNotices(): void {
  for (const method of ["info", "warn"] as const) {
    const print = console[method];
    console[method] = (...args) => void (String(args[0]).includes("oidc-provider ") || print(...args));
    afterTest(() => {
      console[method] = print;
    });
  }
}
