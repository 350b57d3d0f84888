import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sinon from "sinon";
import { startChromium, stopChromium } from "../support/chromium.js";
import { serveSecondFactor } from "../support/second-factor.js";
import { mochaHooks } from "../support/server.js";
import { factorTour } from "./factor-tour.js";
import { palettedPng } from "./paletted-png.js";
import { type Stop, tour } from "./tour.js";

// Takes screenshots of the example sites for the documentation: `npm run screenshots`.
const FOLDER = join("docs", "public", "screenshots");
const PAGES = ["home", "log-in", "log-in-wrong", "dashboard", "new-login", "logins", "tokens", "admin"];
const FACTOR_PAGES = ["one-more-step", "security"].map((name) => `second-factor-${name}`);
const LARGEST = 60_000;

await mkdir(FOLDER, { recursive: true });
const here = await startChromium();
await take(tour(here), PAGES);
sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] }); // each code works once, and the tour needs several
await take(factorTour(await here.newPage({ baseURL: (await serveSecondFactor()).origin })), FACTOR_PAGES);
sinon.restore();
await mochaHooks.afterEach(); // stops the server
await stopChromium();

async function take(stops: AsyncGenerator<Stop>, pages: string[]): Promise<void> {
  for await (const { name, page } of stops) {
    if (!pages.includes(name)) continue;
    const looks = [
      { look: "light", colorScheme: "light", width: 800, height: 600 },
      { look: "dark", colorScheme: "dark", width: 800, height: 600 },
      { look: "phone", colorScheme: "light", width: 390, height: 760 },
    ] as const;
    for (const { look, colorScheme, width, height } of looks) {
      await page.setViewportSize({ width, height });
      await page.emulateMedia({ colorScheme });
      const path = join(FOLDER, `${name}-${look}.png`);
      const picture = palettedPng(await page.screenshot({ fullPage: true, animations: "disabled" }));
      const size = picture.length;
      await writeFile(path, picture);
      console.log(`${path}  ${Math.ceil(size / 1000)} kB`);
      if (size > LARGEST) throw new Error(`${path} is larger than ${LARGEST} bytes`);
    }
  }
}
