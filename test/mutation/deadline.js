/**
 * A root hook of Mocha that limits the time of each test, so that a test that hangs fails. Stryker disables Mocha's
 * timeout.
 */
export const mochaHooks = {
  beforeEach() {
    this.currentTest.timeout(10_000);
  },
};
