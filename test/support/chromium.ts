import { existsSync } from "node:fs";
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type LaunchOptions,
  type Page,
} from "playwright-core";
import { afterTests } from "./after-test.js";
import { type ExampleProcess, startExample } from "./example-process.js";
import { isQuick, leaveOut, leaveToTestAll, refuseInQuickTier } from "./tier.js";

/** The time limit of a step in the browser, in milliseconds. It is long because the machine may be busy. */
export const PATIENCE = 120_000;

const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
const INSTALL = "apt-get install chromium, or set CHROMIUM to its path";

/** The options that start Chromium. They disable features that send requests in the background. */
export const LAUNCH: LaunchOptions = {
  executablePath,
  timeout: PATIENCE,
  args: [
    ...["--no-sandbox", "--disable-gpu", "--disable-lcd-text", "--disable-quic", "--no-first-run"],
    ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
  ],
};

/** The objects that tests in Chromium use. */
export interface InChromium {
  example: ExampleProcess;
  /** A new browser context without cookies. */
  newBrowser(options?: BrowserContextOptions): Promise<BrowserContext>;
  /** A page in a new browser context. */
  newPage(options?: BrowserContextOptions): Promise<Page>;
  /** The errors of scripts, and the violations of the Content-Security-Policy. */
  complaints: string[];
}

let example: Promise<ExampleProcess> | undefined;
let browser: Promise<Browser> | undefined;

/**
 * Starts the example and Chromium at the first call. Later calls use the same ones. They stop after the last test, or
 * after the file if test files run in parallel.
 */
export async function startChromium(): Promise<InChromium> {
  refuseInQuickTier("Chromium");
  if (!browser) afterTests(stopChromium);
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

/** Stops the example and Chromium. */
export async function stopChromium(): Promise<void> {
  await (await browser)?.close();
  await (await example)?.stop();
  browser = example = undefined;
}

/**
 * Defines a suite that opens the example in Chromium. `npm test` skips it. If Chromium is missing, other runs skip it
 * too, except on CI, where it fails.
 *
 * @param suite receives a function instead of the objects, because they exist only while the tests run
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
      if (complaints.length > 0) throw new Error(`the pages reported errors: ${complaints.splice(0).join("\n")}`);
    });

    suite(() => started);
  }
}
