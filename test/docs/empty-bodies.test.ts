import { expect } from "chai";
import type { Browser } from "../support/browser.js";
import { endPrograms, startProgram } from "../support/page-program.js";
import { pages, snippetsOf } from "../support/snippets.js";
import { inTestAll } from "../support/tier.js";

const ann = { email: "ann@example.com", password: "correct horse" };

/** Pages whose programs need a database, Redis or an identity provider, or do not listen. */
const LEFT_OUT = [
  ...["migrating-from-express-session", "moving"].map((name) => `docs/${name}.md`),
  ...["prisma", "drizzle", "openid-connect", "ioredis", "serverless"].map((name) => `docs/recipes/${name}.md`),
];

/** The routes of each page's program that may have a body, as `POST /login`. */
const programs = pages().flatMap((page) => {
  const program = snippetsOf(page).find(({ file }) => file === "app.ts");
  const isWhole = program && !/^declare (?:const|function) /m.test(program.code) && !LEFT_OUT.includes(page);
  const routes = isWhole ? [...program.code.matchAll(/\bapp\.(post|put|patch|delete)\("([^"]+)"/g)] : [];
  return routes.length === 0 ? [] : [{ page, routes: routes.map(([, method, path]) => [method!, path!] as const) }];
});

inTestAll("a request without a body", () => {
  afterEach(endPrograms);

  it("is tested with most programs", () => {
    expect(programs.length).to.be.above(15);
  });

  for (const { page, routes } of programs) {
    it(`is not an error of the program: ${page}`, async () => {
      const program = await startProgram(page, "app.ts", { DATABASE: ":memory:", SESSION_STORE: "memory:" });
      const loginPath = routes.map(([, path]) => path).find((path) => path.endsWith("/login"));
      const loggedIn = async (client: Browser) => {
        for (const sending of loginPath ? [{ form: ann }, { json: ann }] : []) await client.post(loginPath!, sending);
        return client;
      };
      for (const [method, path] of routes) {
        const url = path.replace(/:\w+/g, "1");
        for (const client of [program.client(), await loggedIn(program.client())]) {
          const { status } = await client.send(method.toUpperCase(), url);
          expect(status, `${method} ${path}`).to.be.below(500);
        }
      }
    });
  }
});
