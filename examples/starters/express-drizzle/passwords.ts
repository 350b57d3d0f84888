/** Common passwords of at least 15 characters, from published lists. */
const COMMON = `
  123456789012345 1234567890123456 1q2w3e4r5t6y7u8i 1qaz2wsx3edc4rfv abcdefghijklmno abcdefghijklmnop
  abcdefghijklmnopqrstuvwxyz correcthorsebatterystaple iloveyouforever iloveyouverymuch password1234567
  password12345678 password123456789 qwerty123456789 qwertyuiopasdfgh qwertyuiopasdfghjkl qwertyuiopasdfghjklzxcvbnm
`.split(/\s+/);

/**
 * Returns what is wrong with a new password, or undefined. These are the rules of NIST SP 800-63B-4 for a password that
 * is the only factor.
 */
export function passwordProblem(password: unknown, email?: string): string | undefined {
  if (typeof password !== "string" || [...password].length < 15) return "Use at least 15 characters.";
  if ([...password].length > 128) return "Use at most 128 characters.";
  const lower = password.toLowerCase();
  const repeats = /^(.{1,8})\1+$/u.test(lower); // such as "passwordpassword"
  const isEasy = COMMON.includes(lower) || repeats || lower === email?.toLowerCase();
  return isEasy ? "This password is easy to guess. Choose another one." : undefined;
}
