import { Controller, Get } from "@nestjs/common";
import { expect } from "chai";
import sinon from "sinon";
import { expected, guards, VIEWS, visitors } from "../support/guard-model.js";
import { guardedClasses } from "./site.js";
import { times, visit } from "./visit.js";

describe("the truth table of the guards on NestJS", () => {
  let clock: sinon.SinonFakeTimers;
  beforeEach(() => {
    clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
  });
  afterEach(() => sinon.restore());

  for (const [who, visitor] of Object.entries(visitors)) {
    it(`holds over HTTP for ${who}`, async () => {
      const controllers = guardedClasses((guard) => Get(guard), Controller("guarded"));
      const { browser } = await visit(visitor, clock, { module: { controllers } });
      for (const passed of times(clock)) {
        for (const [guard, requirement] of Object.entries(guards)) {
          const answer = expected(visitor, requirement, passed);
          const path = `/guarded/${guard}`;
          const label = `${path} after ${passed} ms`;
          const api = await browser.get(path, { headers: { accept: "application/json" } });
          const { code, status } = api.status === 200 ? {} : api.json<{ code?: string; status?: number }>();
          expect(api.status === 200 ? api.text : `${code} ${status}`, label).to.equal(answer);
          if (api.status !== 200) {
            expect(api.status, label).to.equal(status);
            expect(api.headers.get("content-type"), label).to.match(/^application\/problem\+json/);
          }
          const page = await browser.get(path, { headers: { accept: "text/html" } });
          const view = VIEWS[answer.split(" ")[0]!];
          if (view) expect(page.location, label).to.equal(`${view}?next=${encodeURIComponent(path)}`);
          else expect([page.status, page.location], label).to.eql([answer === "through" ? 200 : 403, null]);
        }
      }
    });
  }
});
