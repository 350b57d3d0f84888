const LONGEST = 200;

/**
 * Waits before a record is read again that other requests keep changing. The first retry is immediate. Later retries wait
 * for a random time, whose maximum grows to 200 ms.
 *
 * @param retry 1 for the first retry
 */
export async function pauseBeforeRetry(retry: number): Promise<void> {
  if (retry < 2) return;
  await new Promise((resolve) => setTimeout(resolve, Math.random() * Math.min(2 ** retry, LONGEST)));
}
