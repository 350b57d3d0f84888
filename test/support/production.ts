/** Runs a function while NODE_ENV is "production". */
export function inProduction<T>(run: () => T): T {
  const { NODE_ENV } = process.env;
  process.env.NODE_ENV = "production";
  try {
    return run();
  } finally {
    if (NODE_ENV === undefined) delete process.env.NODE_ENV;
    else process.env.NODE_ENV = NODE_ENV;
  }
}
