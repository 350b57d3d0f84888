/** A statement did not get its response in time, or did not get a connection in time. */
export class LateResponseError extends Error {
  constructor(timeout: number) {
    super(`the database did not respond within ${timeout} ms`);
  }
}

/** A pool that lends its connections. */
export interface Pool<C> {
  take(): Promise<C>;
  /** @param error the error of the last statement, if it failed */
  giveBack(connection: C, error?: unknown): void;
  /** Closes a connection that did not respond. */
  discard(connection: C, error: Error): void;
}

/** Runs work on a connection of a pool. After `timeout` milliseconds, it rejects and closes the connection. */
export async function onConnection<C, T>(
  pool: Pool<C>,
  timeout: number,
  work: (connection: C) => Promise<T>,
): Promise<T> {
  let used: C | undefined;
  let isLate = false;
  const responded = (async () => {
    const connection = await pool.take();
    if (isLate) {
      pool.giveBack(connection);
      throw new Error("the pool provided a connection too late");
    }
    used = connection;
    try {
      const result = await work(connection);
      if (!isLate) pool.giveBack(connection);
      return result;
    } catch (error) {
      if (!isLate) pool.giveBack(connection, error);
      throw error;
    }
  })();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      isLate = true;
      const error = new LateResponseError(timeout);
      if (used !== undefined) pool.discard(used, error);
      reject(error);
    }, timeout);
  });
  try {
    return await Promise.race([responded, late]);
  } finally {
    clearTimeout(timer);
  }
}
