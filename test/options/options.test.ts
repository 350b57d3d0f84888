import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { inspect } from "node:util";
import { expect } from "chai";
import express from "express";
import { MemoryStore as TheirStore } from "express-session";
import { LoginManager, MemoryStore, OptionError } from "latchkey";
import { externalLogins } from "latchkey/external-logins";
import { knownBrowsers } from "latchkey/known-browsers";
import { ExpressSessionStore } from "latchkey/stores/express-session";
import { make, nested, refusal } from "../support/options.js";
import { SECRET } from "../support/people.js";
import { inProduction } from "../support/production.js";
import { pages } from "../support/snippets.js";

const store = new MemoryStore();
const random = () => randomBytes(32).toString("hex");
const COOKIES = ["session.cookie", "remember.cookie"];

describe("the options of a LoginManager", () => {
  it("accept a view whose host has non-ASCII letters, however many managers there are", () => {
    // On Node.js 20 and 22, URL.canParse is wrong about this host after some thousand calls.
    for (let i = 0; i < 5_000; i++) make({ loginView: "https://bücher.example/login" });
  });

  it("require a secret of at least 32 characters, and never show a secret", () => {
    const short = "hunter2";
    const wrong: Array<[unknown, string]> = [
      [undefined, "undefined"],
      [null, "null"],
      [[], "an empty array"],
      [short, "a secret of 7 characters is too short; it needs 32"],
      ["x".repeat(31), "a secret of 31 characters"],
      [[SECRET, short], "a secret of 7 characters"],
      [[SECRET, undefined], "not undefined"],
      [Buffer.from(SECRET), "not object"],
      [{ secret: short }, "not object"],
      [1234567, "a number"],
    ];
    for (const [secret, told] of wrong) {
      const message = refusal("secret", { secret });
      expect(message).to.include(told);
      expect(message)
        .not.to.match(/hunter2|1234567/)
        .and.not.to.include(SECRET);
    }
    expect(() => make({ secret: "x".repeat(32) })).not.to.throw();
    const login = make({ secret: [SECRET, `${SECRET}, the old one`] });
    login.init(express());
    expect(inspect(login, { depth: 10, showHidden: true }) + JSON.stringify(login)).not.to.include(SECRET);
  });

  it("reject in production a secret from the documentation or one that is clearly not random", () => {
    const printed = pages().flatMap((page) =>
      [...readFileSync(page, "utf8").matchAll(/(?:SECRET(?:_\d)?|secret)\b[^\n]*?(?:\?\?|:|=) "([^"]{32,})"/g)].map(
        ([, one]) => one!,
      ),
    );
    expect(printed).to.have.length.above(15);
    const madeUp = [
      ...[
        "change me, and do it before the deployment",
        "CHANGE_ME_CHANGE_ME_12345678901234",
        "keyboard cat, who sits on the keyboard",
      ],
      ...[
        "x".repeat(32),
        "abc123".repeat(6),
        "abcdefghi".repeat(9),
        "0123456789abcdef0123456789abcdef",
        `${"s3cret-pass".repeat(3)}s3c`,
      ],
      ...["111111112222222233333333444444445555", " ".repeat(40), "ab".repeat(500)],
    ];
    for (const secret of [...printed, ...madeUp]) {
      for (const given of [secret, [random(), secret]]) {
        const message = inProduction(() => refusal("secret", { secret: given }));
        expect(message).to.include("must be random").and.include("openssl rand");
        for (let at = 0; at + 12 <= secret.length; at += 4) {
          const part = secret.slice(at, at + 12);
          if (part.trim() !== "") expect(message, "part of the secret").not.to.include(part);
        }
      }
      expect(() => make({ secret }), secret).not.to.throw();
    }
    for (let time = 0; time < 500; time++) {
      for (const encoding of ["base64", "base64url", "hex"] as const) {
        const secret = randomBytes(32).toString(encoding);
        expect(() => inProduction(() => make({ secret, store })), secret).not.to.throw();
      }
    }
  });

  it("have in the examples only secrets that are random, come from the environment, or are rejected in production", () => {
    const examples = readdirSync("examples", { recursive: true, encoding: "utf8" }).filter((path) =>
      path.endsWith(".ts"),
    );
    const lines = examples.flatMap((path) => readFileSync(join("examples", path), "utf8").split("\n"));
    const given = lines.filter((line) => /^\s*(const SECRET|secret\b[^?]*:).*["'`]/i.test(line));
    expect(given).to.have.length.above(4);
    const sample = 'process.env.SECRET ?? "only for development: 32 characters or more"';
    expect(given.filter((line) => !line.includes("randomBytes(32)") && !line.includes(sample))).to.eql([]);
  });

  it("must be an object", () => {
    for (const [options, kind] of [
      [undefined, "undefined"],
      [null, "null"],
      [SECRET, "a string"],
    ] as const) {
      expect(() => new LoginManager(options as never))
        .to.throw(OptionError, `options: expected an object, not ${kind}`)
        .with.property("message")
        .that.does.not.include(SECRET);
    }
  });

  it("must have known names, also in nested objects", () => {
    expect(refusal("loginVeiw", { loginVeiw: "/login" })).to.match(/unknown option; the options are .*loginView/);
    expect(refusal("remember.durration", { remember: { durration: "1d" } })).to.include(
      "duration, idleTimeout, refreshEachRequest",
    );
    expect(refusal("session.key", { session: { key: "x" } })).to.include("the options are name, cookie, genid");
    expect(refusal("session.resave", { session: { resave: false } })).to.include("Remove this option");
    expect(refusal("__proto__", JSON.parse('{"__proto__": {}}'))).to.include("unknown option");
    for (const cookie of COOKIES) {
      const message = refusal(`${cookie}.samesite`, nested(`${cookie}.samesite`, "lax"));
      expect(message).to.include("domain, path, secure, httpOnly, sameSite");
    }
  });

  const functions = [
    "userLoader",
    "requestLoader",
    "anonymousUser",
    "userId",
    "roles",
    "localize",
    "fingerprint",
    "session.genid",
  ];
  const handlers = ["onUnauthorized", "onNeedsRefresh", "onForbidden"];
  for (const option of [...functions, ...handlers]) {
    it(`${option} accepts only a function`, () => {
      expect(refusal(option, nested(option, "load"))).to.equal(`${option}: expected a function, not a string`);
      expect(refusal(option, nested(option, null))).to.include("not null");
      expect(() => make(nested(option, () => null))).not.to.throw();
      expect(() => make(nested(option, undefined))).not.to.throw();
    });
  }

  const durations = [
    ...["idleTimeout", "absoluteTimeout", "storeTimeout", "freshFor"],
    ...["remember.duration", "remember.idleTimeout", "session.cookie.maxAge"],
  ];
  for (const option of durations) {
    it(`${option} accepts only a duration above zero`, () => {
      for (const value of ["", " ", "abc", "-1", "-1h", "0", "5 parsecs", "1d1h", "1".repeat(101)]) {
        expect(refusal(option, nested(option, value))).to.include(`${JSON.stringify(value)} is not a duration; use`);
      }
      for (const value of [-1, 0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
        expect(refusal(option, nested(option, value))).to.include(`${value} is not a duration`);
      }
      for (const [value, kind] of [
        [{}, "object"],
        [null, "null"],
        [true, "a boolean"],
        [1n, "a bigint"],
        [["1d"], "an array"],
      ]) {
        expect(refusal(option, nested(option, value))).to.include(`${kind} is not a duration`);
      }
      for (const value of [1, 90_000, "90s", "15m", "1.5h", "20d", "2 days"]) {
        expect(() => make(nested(option, value))).not.to.throw();
      }
    });
  }

  it("limit remember.duration and knownBrowsers.duration to 400 days, the limit of browsers", () => {
    expect(() => knownBrowsers({ duration: "401d" })).to.throw("knownBrowsers.duration: is longer than 400 days");
    for (const given of [null, "30d", 1, [], { days: 1 }]) expect(() => knownBrowsers(given as never)).to.throw();
    expect(() => make({ knownBrowsers: knownBrowsers({ duration: "400d" }) })).not.to.throw();
    expect(refusal("remember.name", { remember: { name: "known" } })).to.include("cookie of known browsers");
    expect(refusal("remember.duration", { remember: { duration: "401d" } })).to.include("400 days");
    expect(make({ remember: { duration: "400d" } }).options.rememberDuration).to.equal(400 * 24 * 3600 * 1000);
  });

  it("limit storeTimeout to 24 days, the limit of a timer", () => {
    expect(refusal("storeTimeout", { storeTimeout: "25d" })).to.include("24 days");
    expect(make({ storeTimeout: "24d" }).options.storeTimeout).to.equal(24 * 24 * 3600 * 1000);
  });

  const wrong: Array<[option: string, expected: string, values: unknown[]]> = [
    ["loginMessage", "expected a string", [1, {}, true]],
    ["loginMessageCategory", "expected a string", [1, null]],
    ["needsRefreshMessage", "expected a string", [1, {}, true]],
    ["needsRefreshMessageCategory", "expected a string", [1, null]],
    ["nextIn", 'expected "query", "cookie"', ["session", "", null, true, 1, {}, Object.create(null)]],
    ["sessionProtection", 'expected "basic", "strong", false', ["STRONG", "none", null, true, 0, [SECRET]]],
    [
      "redirectHost",
      "expected a host",
      ["", "https://a.example", "a.example/", "a b", "a@b", "a\\b", ".a", "a:b", 1, null],
    ],
    ["exemptMethods", "HTTP methods", ["GET", [""], ["GET "], ["G\r\n"], [1], {}, null]],
    [
      "loginView",
      "expected a URL",
      ["", "login", "//evil.com", "/\\evil.com", "javascript:x", "https://", "http://[", 1, null],
    ],
    [
      "loginView",
      "expected a URL",
      [{}, [], ["/login"], { admin: "/login" }, { "/": "login" }, { "/": "//x" }, { "/": 1 }],
    ],
    ["refreshView", "expected a URL", ["confirm", "//evil.com", {}, { "/": "https://" }, null]],
    ["session", "expected an object", [null, "sid", 1, true]],
    ["session.proxy", "expected true or false", ["yes", 1, null]],
    ["session.rolling", "expected true or false", ["yes", 1, null]],
    ["client", "expected an object", [false, "none", null, []]],
    ["client.address", "expected true or false", ["no", 0, null]],
    ["client.userAgent", "expected true or false", ["no", 0, null]],
    ["session.saveUninitialized", "expected true or false", ["yes", 1, null]],
    ["session.unset", 'expected "destroy", "keep"', ["end", "", true, null]],
    ["remember", "expected an object", [null, true, "30d"]],
    ["knownBrowsers", 'expected knownBrowsers() of "latchkey/known-browsers"', [null, true, {}, knownBrowsers]],
    ["knownBrowsers", "expected knownBrowsers()", [externalLogins()]],
    ["externalLogins", 'expected externalLogins() of "latchkey/external-logins"', [true, {}, externalLogins]],
    ["session.importFrom", 'expected importFrom() of "latchkey/session-imports"', [{ store: {}, secret: "x" }]],
    ["maxSessions", "expected a whole number above zero", [0, -1, 1.5, Number.NaN, 1e300, "3", 3n, null, true]],
    ["onLimit", 'expected "end-oldest", "refuse"', ["evict", "", null, true, 0]],
    ["assuranceLevel", "expected 1, 2, 3", [0, 4, 1.5, "2", null, true]],
    ["remember.mode", 'expected "persistent", "stateless"', ["cookie", "", null, true]],
    ["remember.refreshEachRequest", "expected true or false", ["yes", 1, null]],
    ...COOKIES.flatMap(
      (cookie): Array<[string, string, unknown[]]> => [
        [cookie, "expected an object", [null, "sid", [], Promise.resolve({})]],
        [`${cookie.split(".")[0]}.name`, "expected a cookie name", ["", "a b", "a;b", "a=b", "\u00e9", "a\n", 1, null]],
        [`${cookie}.domain`, "expected a domain name", ["", "a b", "https://a", "a;b", "a..b", "a:80", 1, null]],
        [`${cookie}.path`, "expected a path", ["", "app", "/a b", "/a;b", "/a\r\n", 1, null]],
        [`${cookie}.secure`, 'expected true, false, "auto"', ["yes", "true", 1, null]],
        [`${cookie}.httpOnly`, "expected true or false", ["no", 0, null]],
        [`${cookie}.sameSite`, 'expected "lax", "strict", "none"', ["Lax", true, false, null]],
        [`${cookie}.priority`, 'expected "low", "medium", "high"', ["High", "", 1, null]],
        [`${cookie}.partitioned`, "expected true or false", ["yes", 1, null]],
      ],
    ),
  ];
  for (const [option, expected, values] of wrong) {
    it(`reject an invalid ${option}, and say in the error what is expected (${expected})`, () => {
      for (const value of values) {
        const message = refusal(option, nested(option, value));
        expect(message).to.include(expected).and.not.to.include(SECRET);
        expect(message).to.match(/, not \S/);
      }
    });
  }

  it("show the invalid value in the error message unless it may be a secret", () => {
    expect(refusal("nextIn", { nextIn: "session" })).to.equal('nextIn: expected "query", "cookie", not "session"');
    expect(refusal("exemptMethods", { exemptMethods: ["GET", "PUT "] })).to.include('not "PUT "');
    expect(refusal("loginView", { loginView: { "/": "/login", "/admin": "admin" } })).to.include('"/admin": "admin"');
    expect(refusal("loginView", { loginView: { admin: "/login" } })).to.include('"admin": "/login"');
    expect(refusal("redirectHost", { redirectHost: "a/b" })).to.include('not "a/b"');
  });

  it("reject a store that lacks a method, and name the method", () => {
    const verbs = ["create", "read", "update", "touch", "destroy", "listByUser", "destroyByUser", "prune"];
    for (const verb of verbs) {
      const store = Object.fromEntries(verbs.map((name) => [name, name === verb ? undefined : () => {}]));
      expect(refusal("store", { store })).to.equal(`store: expected a SessionStore, but it has no ${verb}()`);
    }
    for (const store of [null, "memory:", Promise.resolve(), {}]) {
      expect(refusal("store", { store })).to.include("no create()");
    }
  });

  it("reject a store whose lacks has an unknown name or is not a list", () => {
    const store = Object.assign(new MemoryStore(), { lacks: ["compareAndSet", "index"] });
    expect(refusal("store", { store })).to.include(
      'its "lacks" may only contain "compareAndSet" and "listByUser", not "index"',
    );
    expect(refusal("store", { store: Object.assign(new MemoryStore(), { lacks: "listByUser" }) })).to.include(
      '"lacks"',
    );
  });

  it("reject an invalid realm", () => {
    for (const realm of ["", "a b", "@a", "a".repeat(33), 1]) refusal("realm", { realm });
    expect(make({ realm: "staff_2-b" }).options.realm).to.equal("staff_2-b");
    expect(make({}).options.realm).to.equal("");
  });

  it("reject options for remember cookies and maxSessions that the store or the mode does not support", () => {
    for (const lacks of [["compareAndSet"], ["listByUser"]]) {
      const lacking = Object.assign(new MemoryStore(), { lacks });
      expect(refusal("remember.mode", { store: lacking, remember: { mode: "persistent" } })).to.include(
        `"persistent" needs a store with all abilities; the store lacks ${lacks[0]}`,
      );
      expect(refusal("maxSessions", { store: lacking, maxSessions: 2 })).to.include(`the store lacks ${lacks[0]}`);
    }
    const store = new ExpressSessionStore(new TheirStore());
    for (const given of [
      { remember: { mode: "stateless", idleTimeout: "7d" } },
      { store: new MemoryStore(), remember: { mode: "stateless", idleTimeout: "7d" } },
      { store, remember: { idleTimeout: "7d" } },
    ]) {
      expect(refusal("remember.idleTimeout", given)).to.include('needs the mode "persistent"');
    }
    expect(() => make({ store: new MemoryStore(), remember: { idleTimeout: "7d" } })).not.to.throw();
  });
});
