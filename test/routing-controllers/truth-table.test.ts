import { expect } from "chai";
import { denyByDefault, guardTable, loginMiddleware } from "latchkey/routing-controllers";
import { createExpressServer } from "routing-controllers";
import { type Case, controllerOf, type Expected, everyCase, expectedOf } from "../support/declared-actions.js";
import { expressVersions } from "../support/express.js";
import { randomOf } from "../support/random.js";
import { type Build, controllersOn, setUp } from "../support/stages.js";
import { seed, trials } from "../support/trials.js";

type Controllers = ReadonlyArray<new () => object>;
const SERVERS: ReadonlyArray<{ name: string; build: (controllers: Controllers) => Build }> = [
  {
    name: "createExpressServer",
    build: (controllers) => (login) =>
      createExpressServer({ controllers: [...controllers], middlewares: [loginMiddleware(login!)] }),
  },
  ...expressVersions.map(({ name, express }) => ({
    name: `useExpressServer on ${name}`,
    build: (controllers: Controllers) => controllersOn(express, { controllers: [...controllers] }),
  })),
];

/** The kinds of visitors, and what each of them has. */
const VISITORS = {
  anonymous: [],
  remembered: ["login"],
  "remembered admin": ["login", "role"],
  fresh: ["login", "fresh"],
  "fresh admin": ["login", "fresh", "role"],
} as const;

/** The code of a refusal, or "reached". */
function answerTo(has: readonly string[], { needs }: Expected): string {
  if (needs.size > 0 && !has.includes("login")) return "login_required";
  if (needs.has("fresh") && !has.includes("fresh")) return "fresh_login_required";
  return needs.has("role") && !has.includes("role") ? "role_required" : "reached";
}

const kindOf = ({ needs }: Expected) =>
  needs.has("role") ? "roles" : needs.has("fresh") ? "fresh" : needs.size > 0 ? "login" : "public";

const told = ({ shape, base, own, name }: Case) =>
  `${shape} ${typeof name}: base ${base.class}/${base.method}, controller ${own.class}/${own.method}`;

describe("the guards of actions by their declarations", () => {
  for (const { name, build } of SERVERS) {
    for (const denies of [false, true]) {
      it(`agree with a model, on ${name} with denyByDefault ${denies ? "on" : "off"} (seed ${seed})`, async () => {
        const random = randomOf(seed);
        const all = everyCase();
        const share = trials(all.length, 200, 40) / all.length;
        const cases = all.filter(() => random() < share);
        const controllers = cases.map(controllerOf);
        const create = build(controllers);
        const { ann, bob, as } = await setUp(denies ? (login) => denyByDefault(() => create(login)) : create);
        const accept = "application/json";
        const clients = {
          anonymous: await as(undefined, { accept }),
          remembered: await as(bob, { accept, fresh: false }),
          "remembered admin": await as(ann, { accept, fresh: false }),
          fresh: await as(bob, { accept }),
          "fresh admin": await as(ann, { accept }),
        };
        const table = new Map(guardTable(controllers).map((row) => [row.path, row]));
        for (const one of cases) {
          const expected = expectedOf(one, denies);
          const row = table.get(one.path) ?? table.get(`${one.path}/`)!;
          const what = { guard: kindOf(expected), declared: expected.declared };
          expect({ guard: row.guard, declared: row.declared }, told(one)).to.deep.equal(what);
          for (const [visitor, has] of Object.entries(VISITORS)) {
            const answer = await clients[visitor as keyof typeof VISITORS].get(one.path);
            const body = answer.json<string | { code: string }>();
            const got = typeof body === "string" ? body : body.code;
            expect(got, `${visitor}, ${told(one)}`).to.equal(answerTo(has, expected));
          }
        }
      });
    }
  }
});
