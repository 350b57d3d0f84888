import { expect } from "chai";
import { guardTable } from "latchkey/routing-controllers";
import sinon from "sinon";
import { controllers } from "../../examples/web/app.js";
import { inChromium } from "../support/chromium.js";
import { serveSecondFactor } from "../support/second-factor.js";
import { problemsOf } from "./accessible.js";
import { factorTour } from "./factor-tour.js";
import { place } from "./steps.js";
import { type Stop, tour } from "./tour.js";

const SCREENS = { desktop: { width: 1280, height: 800 }, phone: { width: 360, height: 740 } };
const SCHEMES = ["light", "dark"] as const;

const OF_FACTORS = /^\/(security|second-factor)/;

/** The paths of all pages. */
function pages(): string[] {
  const routes = guardTable(controllers).filter(({ method, path }) => method === "GET" && !path.startsWith("/api"));
  return routes.map(({ path }) => path);
}

inChromium("every page of the example site", (here) => {
  it("passes axe's accessibility rules and fits the screen, in light and dark, on desktop and phone", async () => {
    const seen = await expectAccessible(tour(here()), 21);
    expect([...seen]).to.include.members(pages().filter((path) => !OF_FACTORS.test(path)));
  });
});

inChromium("every page about second factors", (here) => {
  afterEach(() => sinon.restore());

  it("passes axe's accessibility rules and fits the screen, in light and dark, on desktop and phone", async () => {
    sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
    const { origin } = await serveSecondFactor();
    const seen = await expectAccessible(factorTour(await here().newPage({ baseURL: origin })), 13);
    expect([...seen]).to.include.members(pages().filter((path) => OF_FACTORS.test(path)));
  });
});

/** Expects each stop to pass axe's rules and to fit each screen. Returns the paths of the pages. */
async function expectAccessible(stops: AsyncGenerator<Stop>, count: number): Promise<Set<string>> {
  const found: string[] = [];
  const seen = new Set<string>();
  let looks = 0;
  for await (const { name, page } of stops) {
    seen.add(place(page).split("?")[0]!);
    for (const [screen, size] of Object.entries(SCREENS)) {
      await page.setViewportSize(size);
      for (const colorScheme of SCHEMES) {
        await page.emulateMedia({ colorScheme });
        const problems = await problemsOf(page);
        found.push(...problems.map((problem) => `${name}, ${screen}, ${colorScheme}: ${problem}`));
        looks += 1;
      }
      const width = await page.evaluate("document.documentElement.scrollWidth");
      if ((width as number) > size.width) found.push(`${name}, ${screen}: ${width} pixels wide`);
    }
  }
  expect(found).to.deep.equal([]);
  expect(looks).to.equal(count * 4);
  return seen;
}
