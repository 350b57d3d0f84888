import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startChromium, stopChromium } from "../support/chromium.js";
import { palettedPng } from "./paletted-png.js";
import { tour } from "./tour.js";

// Takes screenshots of the example site for the documentation: `npm run screenshots`.
const FOLDER = join("docs", "public", "screenshots");
const PAGES = ["home", "log-in", "log-in-wrong", "dashboard", "new-login", "logins", "tokens", "admin"];
const LARGEST = 60_000;

await mkdir(FOLDER, { recursive: true });
for await (const { name, page } of tour(await startChromium())) {
  if (!PAGES.includes(name)) continue;
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
await stopChromium();
