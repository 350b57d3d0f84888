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
import { isQuick, leaveOut, leaveToTestAll, refuseInQuickTier } from "./tier.js";

/** How long a step in the browser may take, in milliseconds: much longer than needed, because the machine may be busy. */
export const PATIENCE = 120_000;

const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
const INSTALL = "apt-get install chromium, or set CHROMIUM to its path";

/** How Chromium is started: with nothing that asks for pages of its own accord. */
export const LAUNCH: LaunchOptions = {
  executablePath,
  timeout: PATIENCE,
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

/** Starts the example and Chromium, once for all tests. */
export async function startChromium(): Promise<InChromium> {
  refuseInQuickTier("Chromium");
  example ??= startExample();
  browser ??= chromium.launch(LAUNCH);
  const { origin } = await example;
  const complaints: string[] = [];
  const newBrowser = async (options: BrowserContextOptions = {}) => {
    const context = await (await browser!).newContext({ baseURL: origin, ...options });
    context.setDefaultTimeout(PATIENCE);
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
 * A suite in Chromium on the example. The first tier leaves it out. Without Chromium later ones do too, but on CI it fails.
 *
 * @param suite is given a function, for what the tests work with is there only once they run
 */
export function inChromium(title: string, suite: (here: () => InChromium) => void): void {
  const isMissing = !existsSync(executablePath);
  if (isQuick) leaveToTestAll("Chromium");
  else if (isMissing && !process.env.CI) leaveOut("Chromium", `MISSING: ${INSTALL}`);
  else describe(title, inBrowser);

  function inBrowser(): void {
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
  }
}

// A root hook: this module is loaded before the first suite of the file that imports it.
if (typeof after === "function") after("Chromium", stopChromium);
