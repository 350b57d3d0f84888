import { existsSync } from "node:fs";
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type LaunchOptions,
  type Page,
} from "playwright-core";
import { type ExampleProcess, startExample } from "./example-process.js";

const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
const INSTALL = "apt-get install chromium, or set CHROMIUM to its path";

/** How Chromium is started: with nothing that asks for pages of its own accord. */
export const LAUNCH: LaunchOptions = {
  executablePath,
  args: [
    ...["--no-sandbox", "--disable-gpu", "--disable-lcd-text", "--disable-quic", "--no-first-run"],
    ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
  ],
};

/** What the tests in a browser work with. */
export interface InChromium {
  example: ExampleProcess;
  /** A browser of a person's own, with nothing in it. */
  newBrowser(options?: BrowserContextOptions): Promise<BrowserContext>;
  /** A page of a browser of its own. */
  newPage(options?: BrowserContextOptions): Promise<Page>;
  /** What the pages said against themselves: errors of scripts, and what the Content-Security-Policy refused. */
  complaints: string[];
}

let example: Promise<ExampleProcess> | undefined;
let browser: Promise<Browser> | undefined;
let isMissing = false;

/** Starts the example and Chromium, once for all tests. */
export async function startChromium(): Promise<InChromium> {
  example ??= startExample();
  browser ??= chromium.launch(LAUNCH);
  const { origin } = await example;
  const complaints: string[] = [];
  const newBrowser = async (options: BrowserContextOptions = {}) => {
    const context = await (await browser!).newContext({ baseURL: origin, ...options });
    context.setDefaultTimeout(10_000);
    context.on("weberror", (error) => complaints.push(String(error.error())));
    context.on("console", (message) => {
      if (/Content.Security.Policy/i.test(message.text())) complaints.push(message.text());
    });
    return context;
  };
  const newPage = async (options?: BrowserContextOptions) => (await newBrowser(options)).newPage();
  return { example: await example, newBrowser, newPage, complaints };
}

/** Ends what `startChromium` started. */
export async function stopChromium(): Promise<void> {
  await (await browser)?.close();
  await (await example)?.stop();
}

/**
 * A suite in Chromium on the example. Without Chromium it is left out, and announced at the end; on CI it fails.
 *
 * @param suite is given a function, for what the tests work with is there only once they run
 */
export function inChromium(title: string, suite: (here: () => InChromium) => void): void {
  isMissing ||= !existsSync(executablePath);
  if (isMissing && !process.env.CI) return;
  describe(title, function () {
    this.timeout(30_000);
    let started: InChromium;

    before(async () => {
      if (isMissing) throw new Error(`Chromium is missing: ${INSTALL}`);
      started = await startChromium();
    });

    afterEach(async () => {
      for (const context of (await browser)?.contexts() ?? []) await context.close();
      const { complaints } = started;
      if (complaints.length > 0) throw new Error(`the pages complained: ${complaints.splice(0).join("\n")}`);
    });

    suite(() => started);
  });
}

// A root hook: this module is loaded before the first suite of the file that imports it.
if (typeof after === "function") {
  after("Chromium", async () => {
    await stopChromium();
    if (isMissing) console.log(`\n  Chromium is MISSING, its tests did not run: ${INSTALL}`);
  });
}
