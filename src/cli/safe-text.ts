/** Characters that may control a terminal, or hide or reorder the text around them. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu;

/** Escapes every unsafe character. For example, a client may send any character in its User-Agent. */
export function safe(text: string): string {
  return text.replace(UNSAFE, escaped);
}

/** Does the same for text of several lines. */
export function safeLines(text: string): string {
  return text.split("\n").map(safe).join("\n");
}

/** Returns a document as JSON on one line, which is safe to print. */
export function safeJson(document: object): string {
  return safe(JSON.stringify(document));
}

/** Removes the passwords of URLs from a text. @param url a URL whose password is removed from the whole text */
export function withoutPasswords(text: string, url: string | undefined): string {
  const password = /^[^:]*:\/\/[^:]*:(.*)@/s.exec(url ?? "")?.[1];
  const spellings = password ? [password, decoded(password)] : [];
  const rest = spellings.reduce((left, spelling) => left.replaceAll(spelling, "***"), text);
  return rest.replace(/(:\/\/[^:@/\s]*:).*@/gs, "$1***@");
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function escaped(character: string): string {
  return Array.from({ length: character.length }, (_, i) => {
    return `\\u${character.charCodeAt(i).toString(16).padStart(4, "0")}`;
  }).join("");
}
