import { expect } from "chai";
import express from "express";
import expressSession from "express-session";
import { LoginManager, type LoginManagerOptions, MemoryStore, type Policy } from "latchkey";
import { make } from "../support/options.js";
import { SECRET } from "../support/people.js";
import { inProduction } from "../support/production.js";
import { warningsOf } from "../support/warnings.js";
import { WatchedStore } from "../support/watched-store.js";

const POLICY = "LatchkeyPolicyWarning";
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const cookie = (name: string) => ({ name, path: "/", secure: "auto", sameSite: "lax", httpOnly: true });

/** The documented policy of a manager without options. */
const DEFAULTS: Policy = {
  assuranceLevel: 1,
  idleTimeout: DAY,
  absoluteTimeout: 30 * DAY,
  freshFor: null,
  methodTimeout: null,
  sessionProtection: "basic",
  maxSessions: null,
  onLimit: "end-oldest",
  remember: { mode: "persistent", duration: 365 * DAY, idleTimeout: null, refreshEachRequest: false },
  deviceCookieMaxAge: null,
  storeTimeout: 2000,
  cookies: { session: cookie("sid"), remember: cookie("remember") } as Policy["cookies"],
  deviations: [],
};

const policyOf = (options: Partial<LoginManagerOptions<never>>) =>
  make({ store: new MemoryStore(), ...options }).policy();

describe("login.policy()", () => {
  it("returns the default values and no deviations", () => {
    expect(policyOf({})).to.deep.equal(DEFAULTS);
  });

  it("returns each option that was given, with durations in milliseconds", () => {
    const policy = policyOf({
      idleTimeout: "15m",
      absoluteTimeout: "12h",
      freshFor: "10m",
      requiredMethods: () => ["otp"],
      methodTimeout: "2m",
      sessionProtection: "strong",
      maxSessions: 3,
      onLimit: "refuse",
      assuranceLevel: 3,
      storeTimeout: 500,
      session: { name: "s", cookie: { sameSite: "strict" } },
      remember: { duration: "30d", idleTimeout: "7d", refreshEachRequest: true, cookie: { path: "/app" } },
    });
    expect(policy).to.deep.equal({
      assuranceLevel: 3,
      idleTimeout: 15 * MINUTE,
      absoluteTimeout: 12 * HOUR,
      freshFor: 10 * MINUTE,
      methodTimeout: 2 * MINUTE,
      sessionProtection: "strong",
      maxSessions: 3,
      onLimit: "refuse",
      remember: { mode: "persistent", duration: 30 * DAY, idleTimeout: 7 * DAY, refreshEachRequest: true },
      deviceCookieMaxAge: null,
      storeTimeout: 500,
      cookies: {
        session: { ...cookie("s"), sameSite: "strict" },
        remember: { ...cookie("remember"), path: "/app" },
      },
      deviations: [],
    });
    expect(policyOf({ sessionProtection: false }).sessionProtection).to.equal(false);
  });

  it("returns the names and the secure attribute of the cookies in production", () => {
    const store = new WatchedStore(); // created outside of production, or MemoryStore would warn
    const { cookies } = inProduction(() => make({ store }).policy());
    expect(Object.values(cookies).map(({ name, secure }) => [name, secure])).to.deep.equal([
      ["__Host-sid", true],
      ["__Host-remember", true],
    ]);
  });

  it("is JSON, holds no secret, and cannot change the manager", () => {
    const login = make({ store: new MemoryStore() });
    const policy = login.policy();
    expect(JSON.parse(JSON.stringify(policy))).to.deep.equal(policy);
    expect(JSON.stringify(policy)).not.to.include(SECRET);
    policy.deviations.push("mine");
    policy.remember.duration = policy.idleTimeout = 1;
    expect(policy.cookies.session).to.be.frozen;
    expect(login.policy()).to.deep.equal(DEFAULTS);
  });

  it("returns the mode of remember cookies, which depends on the store and the option", () => {
    const plain = Object.assign(new MemoryStore(), { lacks: ["listByUser"] as const });
    expect(make({ store: plain }).policy().remember.mode).to.equal("stateless");
    expect(policyOf({ remember: { mode: "stateless" } }).remember.mode).to.equal("stateless");
    expect(make({ remember: { mode: "persistent" } }).policy().remember.mode).to.equal("persistent");
  });

  it("can be called before the manager is mounted, and does not affect the mode that is chosen later", () => {
    const login = make({});
    login.policy();
    login.init(express());
    expect(login.policy().remember.mode, "in the default store").to.equal("persistent");
    const own = make({});
    own.policy();
    express().use(expressSession({ secret: SECRET, resave: false, saveUninitialized: false }), own.middleware());
    expect(own.policy().remember.mode, "with an express-session").to.equal("stateless");
  });

  /** NIST SP 800-63B-4 (July 2025), 2.1.3, 2.2.3 and 2.3.3. */
  const limits = [
    { assuranceLevel: 1, absoluteTimeout: 30 * DAY, idleTimeout: null, shown: ["720 h"] },
    { assuranceLevel: 2, absoluteTimeout: 24 * HOUR, idleTimeout: HOUR, shown: ["24 h", "1 h"] },
    { assuranceLevel: 3, absoluteTimeout: 12 * HOUR, idleTimeout: 15 * MINUTE, shown: ["12 h", "15 min"] },
  ] as const;
  for (const { assuranceLevel, absoluteTimeout, idleTimeout, shown } of limits) {
    it(`at assurance level ${assuranceLevel}: lists timeouts above NIST's limits, and warns once for each manager`, async () => {
      const source = `NIST SP 800-63B-4 allows at assurance level ${assuranceLevel}`;
      const at = idleTimeout ?? 400 * DAY;
      const given = { assuranceLevel, store: new MemoryStore() };
      const within = () => make({ ...given, absoluteTimeout, idleTimeout: at });
      expect(await warningsOf(POLICY, within)).to.deep.equal([]);
      expect(within().policy().deviations).to.deep.equal([]);

      let login!: LoginManager<never>;
      const over = [
        `absoluteTimeout is ${(absoluteTimeout + MINUTE) / MINUTE} min, longer than the ${shown[0]} that ${source}`,
      ];
      if (shown[1])
        over.push(`idleTimeout is ${(at + MINUTE) / MINUTE} min, longer than the ${shown[1]} that ${source}`);
      const warnings = await warningsOf(POLICY, () => {
        login = make({ ...given, absoluteTimeout: absoluteTimeout + MINUTE, idleTimeout: at + MINUTE });
        login.init(express());
        login.policy();
      });
      expect(warnings).to.deep.equal(over);
      expect(login.policy().deviations).to.deep.equal(over);
    });
  }

  it("does not warn about the default options at level 1, but does at level 3, with the units h and min", async () => {
    expect(await warningsOf(POLICY, () => new LoginManager({ secret: SECRET }))).to.deep.equal([]);
    expect(await warningsOf(POLICY, () => new LoginManager({ secret: SECRET, assuranceLevel: 3 }))).to.deep.equal([
      "absoluteTimeout is 720 h, longer than the 12 h that NIST SP 800-63B-4 allows at assurance level 3",
      "idleTimeout is 24 h, longer than the 15 min that NIST SP 800-63B-4 allows at assurance level 3",
    ]);
  });
});
