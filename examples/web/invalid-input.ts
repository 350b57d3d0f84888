/** What is wrong with an input, by field, in words for the form. */
export class InvalidInput extends Error {
  readonly status = 422;

  constructor(readonly problems: Record<string, string | undefined>) {
    super("Please check what you have entered.");
  }
}

/** Longest display name of an account, and longest name of a token. */
export const LONGEST_NAME = 80;

/** @throws InvalidInput for a name that is too long */
export function checkedName(given: string): string {
  const name = given.normalize("NFC").trim();
  if ([...name].length > LONGEST_NAME) throw new InvalidInput({ name: `Use at most ${LONGEST_NAME} characters.` });
  return name;
}
