import { expect } from "chai";
import express from "express";
import expressSession from "express-session";
import { LoginManager, type LoginManagerOptions, MemoryStore, OptionError } from "latchkey";
import { deviceBound } from "latchkey/device-bound";
import { SECURE } from "../support/device-site.js";
import { type Person, people, SECRET } from "../support/people.js";
import { inProduction } from "../support/production.js";
import { send } from "../support/raw-client.js";
import { serve } from "../support/server.js";

type Options = Partial<LoginManagerOptions<Person>>;

function messageOf(make: () => unknown): string | null {
  try {
    make();
    return null;
  } catch (error) {
    expect(error).to.be.instanceOf(OptionError);
    return (error as OptionError).message;
  }
}

const create = (options: Options) =>
  new LoginManager<Person>({
    secret: SECRET,
    userLoader: people().load,
    ...SECURE,
    deviceBound: deviceBound(),
    ...options,
  });

describe("the options of device-bound logins", () => {
  for (const [given, expected] of [
    [{ cookieMaxAge: "4m" }, "deviceBound.cookieMaxAge: expected 5 minutes to 1 hour, not 4 minutes"],
    [{ cookieMaxAge: "2h" }, "deviceBound.cookieMaxAge: expected 5 minutes to 1 hour, not 120 minutes"],
    [{ cookieMaxAge: "soon" }, 'deviceBound.cookieMaxAge: "soon" is not a duration'],
    [{ path: "device" }, 'deviceBound.path: expected a path such as "/device-bound", not "device"'],
    [{ path: "/a/" }, 'deviceBound.path: expected a path such as "/device-bound", not "/a/"'],
    [{ path: "/a/../b" }, 'deviceBound.path: expected a path such as "/device-bound", not "/a/../b"'],
    [{ path: '/a";x="b' }, "deviceBound.path: expected a path"],
    [
      { trustedOrigins: ["app.example.com"] },
      'deviceBound.trustedOrigins[0]: expected "https://" or "http://", a host and an optional port',
    ],
    [{ trustedOrigins: "*" }, 'deviceBound.trustedOrigins: expected an array of origins, not "*"'],
    [{ register: "no" }, "deviceBound.register: expected true or false, not a string"],
    [{ paths: [] }, "deviceBound.paths: unknown option; the options are cookieMaxAge, path, trustedOrigins, register"],
    [null, 'deviceBound: expected options such as { cookieMaxAge: "10m" }, not null'],
  ] as const) {
    it(`refuse ${JSON.stringify(given)}`, () => {
      expect(messageOf(() => deviceBound(given as never))).to.match(
        new RegExp(`^${expected.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}`),
      );
    });
  }

  const without = Object.assign(new MemoryStore(), { lacks: ["compareAndSet"] as const });
  for (const [what, options, expected] of [
    [
      "a value of another kind",
      { deviceBound: true as never },
      'deviceBound: expected deviceBound() of "latchkey/device-bound", not a boolean',
    ],
    [
      "a store without compare and set",
      { store: without },
      "deviceBound: needs a store with all abilities; the store lacks compareAndSet",
    ],
    [
      "stateless remembering",
      { remember: { ...SECURE.remember, mode: "stateless" } },
      'deviceBound: needs the option remember.mode "persistent", not "stateless"',
    ],
    [
      "a session cookie that is not Secure",
      { session: {} },
      'session.cookie.secure: deviceBound needs true and HTTPS, not "auto"',
    ],
    [
      "a remember cookie that is not Secure",
      { remember: { cookie: { secure: false } } },
      "remember.cookie.secure: deviceBound needs true and HTTPS, not false",
    ],
    [
      "a session cookie for a domain",
      { session: { cookie: { secure: true, domain: "example.com" } } },
      "session.cookie.domain: deviceBound needs a cookie without a domain, for one host",
    ],
    [
      "a cookie whose attributes depend on the request",
      { session: { cookie: () => ({ secure: true }) } },
      "session.cookie: deviceBound needs an object, not a function of the request",
    ],
    [
      "a path that a cookie does not cover",
      { session: { cookie: { secure: true, path: "/app" } }, deviceBound: deviceBound({ path: "/apple" }) },
      "deviceBound.path: /apple must be below /app, the path of the cookie sid",
    ],
  ] as Array<[string, Options, string]>) {
    it(`refuse ${what} when the manager is created`, () => {
      expect(messageOf(() => create(options))).to.equal(expected);
    });
  }

  it("are in the policy, and need nothing else in production", () => {
    expect(create({}).policy().deviceCookieMaxAge).to.equal(600_000);
    expect(create({ deviceBound: deviceBound({ cookieMaxAge: "1h" }) }).policy().deviceCookieMaxAge).to.equal(
      3_600_000,
    );
    expect(create({ deviceBound: undefined }).policy().deviceCookieMaxAge).to.equal(null);
    const options = { secret: "Zr8vQm2xK7pLw4nT9sYb3cHd6fGj1aEu", userLoader: people().load };
    expect(
      inProduction(() => new LoginManager<Person>({ ...options, deviceBound: deviceBound() })).options.sessionCookie
        .name,
    ).to.equal("__Host-sid");
  });

  it("work below the path of the session cookie", () => {
    const under = { cookie: { secure: true, path: "/app" } };
    expect(messageOf(() => create({ session: under, remember: under, realm: "staff" }))).to.equal(null);
    expect(
      messageOf(() => create({ session: under, remember: under, deviceBound: deviceBound({ path: "/app/x" }) })),
    ).to.equal(null);
  });

  it("refuse an express-session of the application's own at the first request", async () => {
    const app = express();
    app.set("env", "test");
    app.use(expressSession({ secret: SECRET, resave: false, saveUninitialized: false }), create({}).middleware());
    app.get("/", (_req, res) => void res.send("hello"));
    const { status, text } = await send(await serve(app), "GET /");
    expect(status).to.equal(501);
    expect(text).to.include("this session store has no deviceBound: the application&#39;s own express-session keeps");
  });
});
