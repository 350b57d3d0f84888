import { expect } from "chai";
import { LoginManager, OptionError } from "latchkey";
import { SECRET } from "../support/people.js";
import { NOBODY, site } from "./support.js";

describe("parity: the settings of the remember cookie", () => {
  const remember = { name: "keep", cookie: { path: "/app", domain: "example.test" }, duration: "2d" };

  it("set its name, duration, path and domain", async () => {
    const { visitor } = await site({ remember });
    const set = await remembering(visitor.login("ann", { remember: true }));
    expect(set).to.match(/^keep=[^;]+;/);
    expect(attributesOf(set)).to.include({ "Max-Age": "172800", Path: "/app", Domain: "example.test" });
    expect(expiryIn(set)).to.be.closeTo(172_800, 10);
  });

  it("set its name, path and domain if the login sets the duration", async () => {
    const { visitor } = await site({ remember });
    const set = await remembering(visitor.login("ann", { remember: true, duration: "7h" }));
    expect(attributesOf(set)).to.include({ "Max-Age": "25200", Path: "/app", Domain: "example.test" });
    expect(expiryIn(set)).to.be.closeTo(25_200, 10);
  });

  it("set HttpOnly and SameSite, which are safe by default", async () => {
    const { visitor } = await site();
    const set = await remembering(visitor.login("ann", { remember: true }));
    expect(attributesOf(set)).to.include({ SameSite: "Lax" }).and.to.have.property("HttpOnly");

    const open = { cookie: { httpOnly: false, sameSite: "strict" as const } };
    const { visitor: other } = await site({ remember: open });
    const setOpenly = await remembering(other.login("ann", { remember: true }));
    expect(attributesOf(setOpenly)).to.include({ SameSite: "Strict" }).and.not.to.have.property("HttpOnly");
  });

  it("set Secure, which depends on the connection by default", async () => {
    const https = { json: { remember: true }, headers: { "x-forwarded-proto": "https" } };
    const { visitor } = await site({}, (app) => app.set("trust proxy", true));
    expect(attributesOf(await remembering(visitor.post("/login/ann", https)))).to.have.property("Secure");
    expect(attributesOf(await remembering(visitor.login("ann", { remember: true })))).to.not.have.property("Secure");

    const { visitor: strict } = await site({ remember: { cookie: { secure: true } } });
    const answer = await strict.login("ann", { remember: true });
    expect(answer.status).to.equal(500);
    expect(answer.json()).to.include({ code: "insecure_connection" });
    expect(await strict.who()).to.deep.equal(NOBODY);
  });

  it("accept a number of milliseconds", async () => {
    const { visitor } = await site({ remember: { duration: 172_800_000 } });
    const set = await remembering(visitor.login("ann", { remember: true }));
    expect(attributesOf(set)).to.include({ "Max-Age": "172800" });
  });

  it("are rejected at the start if the duration is invalid", () => {
    const remember = { duration: "a while" };
    expect(() => new LoginManager({ secret: SECRET, remember })).to.throw(OptionError, 'remember.duration: "a while"');
  });

  it("make a login fail if the duration of the login is invalid", async () => {
    const { visitor } = await site();
    const answer = await visitor.login("ann", { remember: true, duration: "a while" });
    expect(answer.status).to.equal(500);
    expect(answer.json<{ message: string }>().message).to.contain('duration: "a while"');
    expect(answer.cookies).to.deep.equal([]);
    expect(await visitor.who()).to.deep.equal(NOBODY);
  });
});

/** The Set-Cookie header that is not for the session cookie. */
async function remembering(answer: Promise<{ cookies: string[] }>): Promise<string> {
  const { cookies } = await answer;
  return cookies.find((set) => !set.startsWith("sid="))!;
}

function attributesOf(set: string): Record<string, string> {
  return Object.fromEntries(set.split("; ").map((pair) => pair.split("=", 2)));
}

/** The number of seconds until the expiry date of the cookie. */
function expiryIn(set: string): number {
  return (Date.parse(attributesOf(set).Expires!) - Date.now()) / 1000;
}
