/** Runs a function, and returns the messages of the process warnings with this name. Node does not print them. */
export async function warningsOf(name: string, run: () => unknown): Promise<string[]> {
  const heard: string[] = [];
  const listeners = process.listeners("warning");
  const hear = (warning: Error) => {
    if (warning.name === name) heard.push(warning.message);
  };
  process.removeAllListeners("warning").on("warning", hear);
  try {
    await run();
    await new Promise((resolve) => setImmediate(resolve));
  } finally {
    process.off("warning", hear);
    for (const listener of listeners) process.on("warning", listener);
  }
  return heard;
}

/** Keeps Node from printing process warnings with this name during the tests of a file. */
export function quiet(name: string): void {
  let listeners: Array<(warning: Error) => void> = [];
  const pass = (warning: Error) => {
    if (warning.name !== name) for (const listener of listeners) listener(warning);
  };
  before(() => {
    listeners = process.listeners("warning");
    process.removeAllListeners("warning").on("warning", pass);
  });
  after(() => {
    process.off("warning", pass);
    for (const listener of listeners) process.on("warning", listener);
  });
}
