const closing: Array<() => unknown> = [];

/**
 * Registers a function that is called after the test, whether it passes or fails. The functions are called in the
 * reverse order, so a store is closed before its server stops.
 */
export function afterTest(close: () => unknown): void {
  closing.push(close);
}

/** A root hook of Mocha that calls all registered functions after each test, even if one of them fails. */
export const mochaHooks = {
  async afterEach(): Promise<void> {
    const failures: unknown[] = [];
    for (const close of closing.splice(0).reverse()) {
      try {
        await close();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  },
};
