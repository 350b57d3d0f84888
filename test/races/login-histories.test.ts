import { expect } from "chai";
import fc from "fast-check";
import { confirmLogin, loginRequired, loginUser, refreshStamp } from "latchkey";
import sinon from "sinon";
import { backendsHere, type Opened } from "../support/backends.js";
import { type Cookies, LoginModel } from "../support/login-model.js";
import type { Person } from "../support/people.js";
import { type RawAnswer, send } from "../support/raw-client.js";
import { REMEMBERING, rememberingSites } from "../support/remembered.js";
import type { Me } from "../support/site.js";
import { seed, trials } from "../support/trials.js";

const here = await backendsHere(...REMEMBERING);
const HOUR = 60 * 60 * 1000;
/** Longer than the idle timeout: every unused session has expired by then. */
const IDLE = 25 * HOUR;
const BROWSERS = 3;
/** The `remember` login option per query parameter. Any other parameter leaves the option out. */
const CHOICES: Record<string, boolean> = { yes: true, no: false };

/** The real sites and browsers, which the model predicts. */
interface World {
  model: LoginModel;
  at: Awaited<ReturnType<typeof historySites>>;
  people: Person[];
  browsers: Cookies[];
  /** All cookies that the sites have set. */
  given: Cookies[];
  clock: sinon.SinonFakeTimers;
}

/** Two servers over one store, with the routes that the test site does not have. */
async function historySites(opened: Opened) {
  let requests = 0;
  // Each request has a different fingerprint, so that no response is treated as lost.
  // lost-answers.test.ts tests lost responses.
  const options = { fingerprint: () => String(requests++), sessionProtection: false } as const;
  const at = await rememberingSites(opened, options, options);
  for (const { app, byId, login } of at.sites) {
    app.post("/enter/:id", async (req, res) => {
      const remember = CHOICES[String(req.query.remember)];
      await loginUser(req, byId.get(req.params.id)!, remember === undefined ? {} : { remember });
      res.json(req.session.auth!.loginId);
    });
    app.post("/reconfirm", loginRequired(), async (req, res) => {
      await confirmLogin(req);
      res.end();
    });
    app.post("/password/:stamp", loginRequired(), async (req, res) => {
      const person = (await login.currentUser(req)) as Person;
      person.stamp = req.params.stamp as string;
      await refreshStamp(req);
      res.end();
    });
  }
  return at;
}

type Step = (world: World) => Promise<void>;

/** Sends a request with these cookies. Returns the response and the cookies that it sets. */
async function ask({ at, given }: World, site: number, line: string, sent: Cookies) {
  const cookie = Object.entries(sent)
    .flatMap(([name, value]) => (value ? [`${name}=${value}`] : []))
    .join("; ");
  const answer = await send(at.sites[site]!.origin, line, { cookie });
  const fresh: Cookies = Object.fromEntries(
    answer.cookie.split("; ").map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]),
  );
  for (const name of ["sid", "remember"] as const) if (fresh[name]) given.push({ [name]: fresh[name] });
  return { answer, fresh };
}

/** Updates a browser's cookies from a response. */
function keep(browser: Cookies, { headers }: RawAnswer, fresh: Cookies): void {
  for (const line of headers["set-cookie"] ?? [])
    if (line.includes("Expires=Thu, 01 Jan 1970")) delete browser[line.slice(0, line.indexOf("=")) as "sid"];
  for (const name of ["sid", "remember"] as const) if (fresh[name]) browser[name] = fresh[name];
}

/** Requests a page with these cookies and checks that the model predicts the result. Returns the response. */
async function look(world: World, site: number, sent: Cookies) {
  const asked = await ask(world, site, "GET /me", sent);
  const { answer, fresh } = asked;
  const expected = world.model.present(sent, fresh);
  const { name, ...kind } = answer.status === 200 ? (JSON.parse(answer.text) as Me) : ({} as Partial<Me>);
  const shown = answer.status === 200 ? { user: world.people.find((one) => one.name === name)!.id, ...kind } : null;
  expect(shown).to.eql(expected && { user: expected.user, fresh: expected.fresh, remembered: expected.remembered });
  return asked;
}

const number = fc.nat(1_000_000);
const site = fc.nat(1);
const browser = fc.nat(BROWSERS - 1);
const user = fc.nat(1);

/** Creates a step in which one browser sends this request to one of the sites. */
function verb(
  line: string,
  act: (model: LoginModel, sent: Cookies, fresh: Cookies) => boolean,
): (place: [number, number]) => Step {
  return ([b, s]) =>
    async (world) => {
      const sent = { ...world.browsers[b]! };
      const { answer, fresh } = await ask(world, s, line.replace("*", String(world.given.length)), sent);
      expect(answer.status === 200, line).to.equal(act(world.model, sent, fresh));
      keep(world.browsers[b]!, answer, fresh);
    };
}

const place = fc.tuple(browser, site);
const steps: Record<string, fc.Arbitrary<Step>> = {
  login: fc
    .tuple(browser, site, user, fc.constantFrom("yes", "yes", "no", ""))
    .map(([b, s, u, remember]) => async (world: World) => {
      const sent = { ...world.browsers[b]! };
      const { id } = world.people[u]!;
      const { answer, fresh } = await ask(world, s, `POST /enter/${id}?remember=${remember}`, sent);
      expect(answer.status).to.equal(200);
      world.model.logIn(sent, id, CHOICES[remember], JSON.parse(answer.text) as string, fresh);
      keep(world.browsers[b]!, answer, fresh);
    }),
  visit: place.map(([b, s]) => async (world: World) => {
    const { answer, fresh } = await look(world, s, { ...world.browsers[b]! });
    keep(world.browsers[b]!, answer, fresh);
  }),
  logout: place.map(
    verb("POST /logout", (model, sent) => {
      model.logOut(sent);
      return true;
    }),
  ),
  confirm: place.map(verb("POST /reconfirm", (model, sent, fresh) => model.confirm(sent, fresh))),
  refreshStamp: place.map(verb("POST /password/*", (model, sent, fresh) => model.refreshStamp(sent, fresh))),
  revoke: fc.tuple(site, user, number).map(([s, u, n]) => async ({ model, at, people }: World) => {
    const { id } = people[u]!;
    const { sessions } = at.sites[s]!.login;
    const logins = await sessions.list(id);
    expect(logins.map((one) => one.id).sort()).to.eql(model.loginsOf(id).sort());
    for (const { id: name, fresh, remembered, persistent } of logins)
      expect({ fresh, remembered, persistent }).to.eql(model.kindOf(name));
    const chosen = logins[n % (logins.length + 1)]?.id ?? "none";
    expect(await sessions.revoke(id, chosen)).to.equal(model.revoke(id, (login) => login === chosen).length === 1);
  }),
  revokeAll: fc.tuple(site, user).map(([s, u]) => async ({ model, at, people }: World) => {
    const { id } = people[u]!;
    expect(await at.sites[s]!.login.sessions.revokeAll(id)).to.equal(model.revoke(id).length);
  }),
  restart: fc.tuple(browser, site, fc.constantFrom(0, 1000, 61_000)).map(([b, s, passing]) => async (world: World) => {
    world.clock.tick(passing);
    delete world.browsers[b]!.sid;
    const { answer, fresh } = await look(world, s, { ...world.browsers[b]! });
    keep(world.browsers[b]!, answer, fresh);
  }),
  theft: fc.tuple(site, number).map(([s, n]) => async (world: World) => {
    const remembered = world.given.filter(({ remember }) => world.model.browsers.has(remember?.split(".")[1] ?? ""));
    if (remembered.length > 0) await look(world, s, { ...remembered[n % remembered.length]! });
  }),
  time: fc.constantFrom(1000, 30_000, 61_000, 5 * 60_000, IDLE).map((passing) => async ({ clock, model }: World) => {
    clock.tick(passing);
    if (passing === IDLE) model.idle();
  }),
  replay: fc.tuple(site, number).map(([s, n]) => async (world: World) => {
    const cookies = world.given[n % world.given.length];
    if (cookies) await look(world, s, { ...cookies });
  }),
};
const WEIGHTS: Record<string, number> = {
  login: 4,
  visit: 3,
  logout: 1,
  confirm: 2,
  refreshStamp: 1,
  revoke: 1,
  revokeAll: 1,
  restart: 6,
  theft: 3,
  time: 3,
  replay: 4,
};

/** One step, followed by page requests with some of the cookies set so far. */
class Command implements fc.AsyncCommand<LoginModel, World> {
  constructor(
    readonly name: string,
    readonly step: Step,
    readonly looks: number[],
  ) {}

  check = () => true;

  async run(_model: LoginModel, world: World): Promise<void> {
    await this.step(world);
    for (const n of this.looks)
      if (world.given.length > 0) await look(world, n % 2, { ...world.given[n % world.given.length]! });
  }

  toString = () => `${this.name}+${this.looks.length}`;
}

const histories = fc.commands(
  Object.entries(steps).flatMap(([name, step]) =>
    Array<fc.Arbitrary<Command>>(WEIGHTS[name]!).fill(
      fc.tuple(step, fc.array(number, { maxLength: 2 })).map(([one, looks]) => new Command(name, one, looks)),
    ),
  ),
  { maxCommands: 40, size: "max" },
);

describe(`random login histories (seed ${seed})`, () => {
  afterEach(() => sinon.restore());

  for (const { name, open } of here) {
    const numRuns = trials(5000, name === "memory" ? 60 : 15);
    it(`match the model on ${name}, for 3 browsers and 2 users on 2 servers`, async () => {
      const opened = await open();
      const at = await historySites(opened);
      let asked = 0;
      try {
        await fc.assert(
          fc.asyncProperty(histories, async (commands) => {
            const clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
            const model = new LoginModel();
            const browsers = Array.from({ length: BROWSERS }, (): Cookies => ({}));
            const world: World = { model, at, people: [at.newPerson(), at.newPerson()], browsers, given: [], clock };
            try {
              await fc.asyncModelRun(() => ({ model, real: world }), commands);
            } finally {
              clock.restore();
            }
            asked += world.given.length;
          }),
          { seed, numRuns },
        );
        expect(asked, "cookies set").to.be.greaterThan(numRuns);
        const kinds = at.told.map(({ event }) => event);
        if (numRuns >= 5000)
          expect(kinds, "events about tokens that were used before").to.include.members(["stale", "stolen"]);
      } finally {
        await opened.close();
      }
    });
  }
});
