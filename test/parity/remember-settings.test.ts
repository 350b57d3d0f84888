import { expect } from "chai";
import { LoginManager, OptionError } from "latchkey";
import { SECRET } from "../support/people.js";
import { NOBODY, site } from "./support.js";

describe("parity: the settings of the remember cookie", () => {
  const remember = { name: "keep", cookie: { path: "/app", domain: "example.test" }, duration: "2d" };

  it("are its name, duration, path and domain", async () => {
    const { visitor } = await site({ remember });
    const set = await remembering(visitor.login("ann", { remember: true }));
    expect(set).to.match(/^keep=[^;]+;/);
    expect(attributesOf(set)).to.include({ "Max-Age": "172800", Path: "/app", Domain: "example.test" });
    expect(expiryIn(set)).to.be.closeTo(172_800, 10);
  });

  it("are its name, path and domain, where a login chose the duration", async () => {
    const { visitor } = await site({ remember });
    const set = await remembering(visitor.login("ann", { remember: true, duration: "7h" }));
    expect(attributesOf(set)).to.include({ "Max-Age": "25200", Path: "/app", Domain: "example.test" });
    expect(expiryIn(set)).to.be.closeTo(25_200, 10);
  });

  it("are its flags, which are safe unless told otherwise", async () => {
    const { visitor } = await site();
    const set = await remembering(visitor.login("ann", { remember: true }));
    expect(attributesOf(set)).to.include({ SameSite: "Lax" }).and.to.have.property("HttpOnly");

    const open = { cookie: { httpOnly: false, sameSite: "strict" as const } };
    const { visitor: other } = await site({ remember: open });
    const setOpenly = await remembering(other.login("ann", { remember: true }));
    expect(attributesOf(setOpenly)).to.include({ SameSite: "Strict" }).and.not.to.have.property("HttpOnly");
  });

  it("are whether it needs HTTPS, which by itself follows the connection", async () => {
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

  it("take a number as milliseconds", async () => {
    const { visitor } = await site({ remember: { duration: 172_800_000 } });
    const set = await remembering(visitor.login("ann", { remember: true }));
    expect(attributesOf(set)).to.include({ "Max-Age": "172800" });
  });

  it("are refused at the start when the duration cannot be read", () => {
    const remember = { duration: "a while" };
    expect(() => new LoginManager({ secret: SECRET, remember })).to.throw(OptionError, 'remember.duration: "a while"');
  });

  it("are refused at a login whose duration cannot be read, which logs nobody in", async () => {
    const { visitor } = await site();
    const answer = await visitor.login("ann", { remember: true, duration: "a while" });
    expect(answer.status).to.equal(500);
    expect(answer.json<{ message: string }>().message).to.contain('duration: "a while"');
    expect(answer.cookies).to.deep.equal([]);
    expect(await visitor.who()).to.deep.equal(NOBODY);
  });
});

/** The Set-Cookie header that is not the session's. */
async function remembering(answer: Promise<{ cookies: string[] }>): Promise<string> {
  const { cookies } = await answer;
  return cookies.find((set) => !set.startsWith("sid="))!;
}

function attributesOf(set: string): Record<string, string> {
  return Object.fromEntries(set.split("; ").map((pair) => pair.split("=", 2)));
}

/** In how many seconds the cookie expires by its date. */
function expiryIn(set: string): number {
  return (Date.parse(attributesOf(set).Expires!) - Date.now()) / 1000;
}
