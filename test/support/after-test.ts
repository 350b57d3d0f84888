type Close = () => unknown;

const afterEach: Close[] = [];
const afterAll: Close[] = [];

/**
 * Registers a function that is called after the test, whether it passes or fails. The functions are called in the
 * reverse order, so a store is closed before its server stops.
 */
export function afterTest(close: Close): void {
  afterEach.push(close);
}

/**
 * Registers a function that is called after the last test of the run, or after the last test of the file if test files
 * run in parallel.
 */
export function afterTests(close: Close): void {
  afterAll.push(close);
}

/** Root hooks of Mocha that call all registered functions, even if one of them fails. */
export const mochaHooks = { afterEach: () => callAll(afterEach), afterAll: () => callAll(afterAll) };

async function callAll(registered: Close[]): Promise<void> {
  const failures: unknown[] = [];
  for (const close of registered.splice(0).reverse()) {
    try {
      await close();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}
