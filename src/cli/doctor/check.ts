/** The result of one check. */
export interface Check {
  check: string;
  status: "ok" | "warning" | "failed";
  message: string;
}

/** Returns functions that make the results of a check. */
export function resultsOf(check: string): Record<Check["status"], (message: string) => Check> {
  const result = (status: Check["status"]) => (message: string) => ({ check, status, message });
  return { ok: result("ok"), warning: result("warning"), failed: result("failed") };
}
