import { loginRequired } from "latchkey";
import type { Opened } from "./backends.js";
import { hostileCookies, valuesOf } from "./hostile-cookies.js";
import { noting } from "./noting-store.js";
import { only, send } from "./raw-client.js";
import { serve } from "./server.js";
import { site } from "./site.js";
import { WatchedStore } from "./watched-store.js";

const OTHER_SECRET = "another secret for tests, just as long";
const bare = (pair: string) => pair.slice(pair.indexOf("=") + 1);

/** A site, the valid cookies of Ann and Bob, and invalid cookies. The tests stop the clock, so no cookie expires. */
export async function attackedSite({ store: inner }: Pick<Opened, "store">, mode: "persistent" | "stateless") {
  const seen: Parameters<typeof noting>[1] = [];
  const store = new WatchedStore(noting(inner, seen));
  const at = site({ store, remember: { mode } }, (login, app) => {
    // This parses cookies like cookie-parser: a value that starts with `j:` is JSON.
    app.use((req, _res, next) => {
      const pairs = ["sid", "remember"].flatMap((name) =>
        valuesOf(req.headers.cookie ?? "", name).map((text) => [name, parsed(text)]),
      );
      req.cookies = Object.fromEntries(pairs);
      req.signedCookies = {};
      next();
    });
    login.init(app);
  });
  let handled = 0;
  at.app.all("/guarded", loginRequired(), (_req, res) => {
    handled++;
    res.send("in");
  });
  const origin = await serve(at.app);
  const logIn = async (id: string, remember: boolean) =>
    (await send(origin, `POST /login/${id}`, { json: { remember } })).cookie;
  const sid = async (id: string) => bare(only("sid", await logIn(id, false)));
  const remember = async (id: string) => only("remember", await logIn(id, true));
  const owners = new Map<string, string>();
  const good: string[] = [];
  for (const [id, name] of [
    ["1", "Ann"],
    ["2", "Bob"],
  ] as const) {
    const session = await sid(id);
    const cookie = await remember(id);
    const next = (await send(origin, "GET /me", { cookie })).cookie;
    const tokens = [cookie, only("remember", next) ?? cookie].map(bare);
    owners.set(`sid=${decodeURIComponent(session)}`, name);
    for (const token of tokens) owners.set(`remember=${token}`, name);
    good.push(session, ...tokens);
  }
  const ended = await sid("1");
  await send(origin, "POST /logout", { cookie: `sid=${ended}` });
  const forgotten = await remember("1");
  await send(origin, "POST /logout", { cookie: forgotten });
  const elsewhere = site({
    secret: OTHER_SECRET,
    store: new WatchedStore(inner),
    remember: { mode },
  });
  const foreign = (await send(await serve(elsewhere.app), "POST /login/1", { json: { remember: true } })).cookie;
  const mixed = mode === "persistent" ? [`${good[1]!.split(".").slice(0, 3).join(".")}.${good[4]!.split(".")[3]}`] : [];
  const bad = [ended, ...(mode === "persistent" ? [bare(forgotten)] : []), ...foreign.split("; ").map(bare), ...mixed];

  /**
   * The owner of the login that this header opens. The session cookie is decoded first because express-session encodes
   * it.
   */
  const ownerOf = (header: string) => {
    const [session, token] = ["sid", "remember"].map((name) => {
      const values = valuesOf(header, name);
      const value = values.length === 1 ? (name === "sid" ? decoded(values[0]!) : values[0]) : undefined;
      return owners.get(`${name}=${value}`);
    });
    return session ?? token ?? null;
  };
  /** In persistent mode: does the header have exactly one remember cookie that the site has sent? */
  const hasToken = (header: string) => {
    const values = valuesOf(header, "remember");
    const isGiven = (value: string) => owners.has(`remember=${value}`) || value === bare(forgotten);
    return mode === "persistent" && values.length === 1 && isGiven(values[0]!);
  };
  /** Sends a request with this header. The result has the name of the user who is logged in, or null. */
  const visit = async (header: string, line = "GET /me") => {
    store.calls = [];
    seen.length = 0;
    const answer = await send(origin, line, { headers: { cookie: header } });
    const { name = null } = (answer.status === 200 && (JSON.parse(answer.text) as { name?: string } | null)) || {};
    return { ...answer, name, set: answer.headers["set-cookie"] ?? [] };
  };
  const headers = hostileCookies(["sid", "remember"], good, bad);
  return { ...at, origin, store, seen, headers, good, owners, ownerOf, hasToken, visit, handled: () => handled };
}

function parsed(text: string): unknown {
  try {
    return text.startsWith("j:") ? JSON.parse(text.slice(2)) : decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The value of a percent-encoded cookie, or an empty string if the encoding is malformed. */
export function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}
