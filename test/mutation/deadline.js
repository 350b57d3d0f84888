/**
 * Mocha's root hook: a test that waits for ever has noticed the change too. Stryker itself sets Mocha's deadline to
 * none.
 */
export const mochaHooks = {
  beforeEach() {
    this.currentTest.timeout(10_000);
  },
};
