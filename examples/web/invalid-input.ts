/** An error with a message per form field. */
export class InvalidInput extends Error {
  readonly status = 422;

  constructor(readonly problems: Record<string, string | undefined>) {
    super("Please check your input.");
  }
}

/** The maximum length of an account's display name and of a token's name. */
export const LONGEST_NAME = 80;

/** @throws InvalidInput if the name is too long */
export function checkedName(given: string): string {
  const name = given.normalize("NFC").trim();
  if ([...name].length > LONGEST_NAME) throw new InvalidInput({ name: `Use at most ${LONGEST_NAME} characters.` });
  return name;
}
