import { expect } from "chai";
import { confirmLogin, currentUser, loginUser, logoutUser } from "latchkey";
import sinon from "sinon";
import { backendsHere, type Opened } from "../support/backends.js";
import { Gate } from "../support/barrier.js";
import { only, send } from "../support/raw-client.js";
import { endStoredSessions } from "../support/records.js";
import { forgets, GRACE, rememberIn, rememberingSites } from "../support/remembered.js";
import { days } from "../support/remembering.js";

const here = await backendsHere("memory");

/** The name of the request's user. */
const name = async () => ((await currentUser()) as { name?: string }).name ?? "nobody";

/** Sites whose `POST /user/login/:id` restores the remembered browser before it logs a user in. */
async function sitesThatRestoreFirst(opened: Opened) {
  const at = await rememberingSites(opened);
  at.app.post("/user/login/:id", async (req, res) => {
    await currentUser();
    res.json(await loginUser(req, at.byId.get(req.params.id as string)!));
  });
  return at;
}

describe("a remembered browser that is restored for one request only", () => {
  let clock: sinon.SinonFakeTimers;
  beforeEach(() => {
    clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
  });
  afterEach(() => sinon.restore());

  it("does not use up its token when the handler has sent its headers or is about to send them", async () => {
    const opened = await here[0]!.open();
    const at = await rememberingSites(opened);
    at.app.get("/late", async (_req, res) => {
      res.flushHeaders();
      res.end(await name());
    });
    const afterwards: Array<Promise<string>> = [];
    at.app.get("/meanwhile", (_req, res) => {
      afterwards.push(name());
      res.send("sent");
    });
    const ann = at.newPerson();
    const { remember } = await at.logIn(ann);
    const before = await at.recordsOf(ann);
    at.store.calls = [];
    for (const path of ["/late", "/meanwhile", "/late", "/meanwhile"]) {
      const answer = await send(at.origin, `GET ${path}`, { cookie: remember });
      expect([answer.status, answer.headers["set-cookie"]]).to.eql([200, undefined]);
      if (path === "/late") expect(answer.text).to.equal(ann.name);
    }
    expect(await Promise.all(afterwards)).to.eql([ann.name, ann.name]);
    expect(new Set(at.store.calls)).to.eql(new Set(["browser.read"]));
    expect(await at.recordsOf(ann)).to.eql(before);

    for (const path of ["/late", "/meanwhile"]) {
      for (const bad of [`${remember}x`, `${remember.slice(0, -43)}${"A".repeat(43)}`]) {
        expect((await send(at.origin, `GET ${path}`, { cookie: bad })).headers["set-cookie"]).to.equal(undefined);
      }
    }
    expect(await Promise.all(afterwards)).to.eql([ann.name, ann.name, "nobody", "nobody"]);
    clock.tick(GRACE + 1);
    const next = await at.me(remember);
    expect([next.status, rememberIn(next) !== remember]).to.eql([200, true]);
    await opened.close();
  });

  it("stays remembered when its user logs in again in that request", async () => {
    const opened = await here[0]!.open();
    const at = await sitesThatRestoreFirst(opened);
    const ann = at.newPerson();
    const { remember } = await at.logIn(ann);
    const now = rememberIn(await at.me(remember))!;
    const again = await send(at.origin, `POST /user/login/${ann.id}`, { cookie: now });
    expect([again.status, days(again.headers["set-cookie"])]).to.eql([200, 365]);
    expect((await at.recordsOf(ann)).length).to.equal(1);
    expect(await at.isIn(rememberIn(again)!)).to.equal(true);
    await opened.close();
  });

  it("loses its session when another user logs in in that request", async () => {
    const opened = await here[0]!.open();
    const at = await sitesThatRestoreFirst(opened);
    const [ann, bob] = [at.newPerson(), at.newPerson()];
    const { remember } = await at.logIn(ann);
    const first = await at.me(remember);
    expect((await send(at.origin, `POST /user/login/${bob.id}`, { cookie: remember })).status).to.equal(200);
    expect([await at.isIn(only("sid", first.cookie)), await at.sessionsOf(ann)]).to.eql([false, []]);
    await opened.close();
  });

  it("has one session after a confirmation, and gets 401 if it is forgotten before the confirmation", async () => {
    const opened = await here[0]!.open();
    const at = await rememberingSites(opened);
    let meanwhile = async (): Promise<unknown> => undefined;
    at.app.post("/confirm-once", async (req, res) => {
      await currentUser();
      await meanwhile();
      await confirmLogin(req);
      res.send("confirmed");
    });
    const restoredTwice = async (ann = at.newPerson()) => {
      const { remember } = await at.logIn(ann);
      return { ann, remember, first: await at.me(remember) };
    };
    const { ann, remember, first } = await restoredTwice();
    const confirmed = await send(at.origin, "POST /confirm-once", { cookie: remember });
    expect(confirmed.status).to.equal(200);
    const sids = [first, confirmed].map(({ cookie }) => at.isIn(only("sid", cookie)));
    expect(await Promise.all(sids)).to.eql([false, true]);
    expect((await at.sessionsOf(ann)).length).to.equal(1);

    const elsewhere = (await at.logIn(ann, {})).sid;
    const now = (await restoredTwice(ann)).remember;
    expect((await send(at.origin, "POST /confirm-once", { cookie: now })).status).to.equal(200);
    expect(await at.isIn(elsewhere), "another login of the same user").to.equal(true);

    const other = await restoredTwice();
    meanwhile = () => send(at.origin, "POST /logout", { cookie: other.first.cookie });
    const refused = await send(at.origin, "POST /confirm-once", { cookie: other.remember });
    expect(refused.status).to.equal(401);
    expect(await at.sessionsOf(other.ann)).to.eql([]);
    expect(await at.isIn(`${only("sid", refused.cookie)}; ${other.remember}`)).to.equal(false);
    await opened.close();
  });

  it("keeps session data that a handler writes after a logout in that request", async () => {
    const opened = await here[0]!.open();
    const at = await rememberingSites(opened);
    at.app.post("/leave", async (req, res) => {
      await currentUser();
      await logoutUser(req);
      req.session.note = "bye";
      res.send("bye");
    });
    const ann = at.newPerson();
    const { remember } = await at.logIn(ann);
    const restored = await at.me(remember);
    const left = await send(at.origin, "POST /leave", { cookie: remember });
    expect([left.status, forgets(left), await at.isIn(restored.cookie)]).to.eql([200, true, false]);
    expect((await send(at.origin, "GET /note", { cookie: left.cookie })).text).to.equal('"bye"');
    await opened.close();
  });

  it("is rejected, even for one request, while `maxSessions` other logins exist", async () => {
    const opened = await here[0]!.open();
    const at = await rememberingSites(opened, { maxSessions: 1, onLimit: "refuse" });
    const ann = at.newPerson();
    const { sid, remember } = await at.logIn(ann);
    await endStoredSessions(opened.store, ann.id); // as a timeout does
    const other = await send(at.origin, `POST /login/${ann.id}`, { json: {} });
    expect(other.status).to.equal(200);
    let cookie = remember;
    for (const wait of [0, 1000, 30_000, GRACE + 1, 1000]) {
      clock.tick(wait);
      const answer = await at.me(cookie);
      expect([answer.status, forgets(answer)]).to.eql([401, false]);
      cookie = rememberIn(answer) ?? cookie;
    }
    await send(at.origin, "POST /logout", { cookie: other.cookie });
    expect([await at.isIn(sid), await at.isIn(cookie)]).to.eql([false, true]);
    await opened.close();
  });

  it("is accepted a second time with `maxSessions: 1` and without a limit", async () => {
    const opened = await here[0]!.open();
    for (const maxSessions of [1, undefined]) {
      const at = await rememberingSites(opened, { maxSessions, onLimit: "refuse" });
      const { remember } = await at.logIn(at.newPerson());
      expect([await at.isIn(remember), await at.isIn(remember)]).to.eql([true, true]);
    }
    await opened.close();
  });

  it("is accepted until a login on another device is complete, and then rejected", async () => {
    const opened = await here[0]!.open();
    const options = { maxSessions: 1, onLimit: "refuse" } as const;
    const at = await rememberingSites(opened, options, options);
    const other = at.sites[1]!;
    const ann = at.newPerson();
    const { remember } = await at.logIn(ann);
    await at.me(remember);
    await endStoredSessions(opened.store, ann.id); // as a timeout does
    const gate = new Gate();
    other.store.before = (verb) => (verb === "update" ? gate.pass() : undefined);
    const login = send(other.origin, `POST /login/${ann.id}`, { json: {} });
    await gate.arrived(1);
    expect(await at.isIn(remember)).to.equal(true);
    gate.open();
    expect([(await login).status, await at.isIn(remember)]).to.eql([200, false]);
    await opened.close();
  });

  it("is accepted for one request beyond `maxSessions` by default, and ends no other login", async () => {
    const opened = await here[0]!.open();
    const at = await rememberingSites(opened, { maxSessions: 1 });
    at.app.get("/late", async (_req, res) => {
      res.flushHeaders();
      res.end(await name());
    });
    const ann = at.newPerson();
    const { remember } = await at.logIn(ann);
    await endStoredSessions(opened.store, ann.id); // as a timeout does
    const other = await at.logIn(ann, {});
    const late = await send(at.origin, "GET /late", { cookie: remember });
    expect(late.text).to.equal(ann.name);
    expect(await at.isIn(other.sid)).to.equal(true);
    await opened.close();
  });
});
