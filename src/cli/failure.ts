import { safe, withoutPasswords } from "./safe-text.js";

/** Returns the reason for a failure in one line: the messages of the error and its causes, without passwords. */
export function reasonFor(error: unknown): string {
  const reasons: string[] = [];
  for (let one = error; one !== undefined && reasons.length < 5; one = (one as { cause?: unknown } | null)?.cause) {
    const { message, code } = (one ?? {}) as { message?: unknown; code?: unknown };
    reasons.push(String(message || code || one));
  }
  // A user may put a URL in the wrong place, so any argument may contain a password.
  const urls = [...process.argv.slice(2).map((arg) => arg.replace(/^--\w+=/, "")), process.env.SESSION_STORE];
  return safe(
    urls.reduce((text: string, url) => withoutPasswords(text, url), reasons.join(": ").replace(/\s*\n\s*/g, " ")),
  );
}
