import axe from "axe-core";
import type { Page } from "playwright-core";

/** Returns the problems that axe finds. The debugger runs axe, so the Content-Security-Policy does not block it. */
export async function problemsOf(page: Page): Promise<string[]> {
  await page.evaluate(`if (!window.axe) { ${axe.source} }; 0`);
  const { violations } = (await page.evaluate("axe.run()")) as axe.AxeResults;
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
}
