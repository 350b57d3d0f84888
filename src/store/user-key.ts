/**
 * What a store sees of a user's id: the id itself, or one that says the realm. No two users of different realms have the same key, nor
 * does any user of a realm have the key of one without.
 */
export function userKey(realm: string, userId: string): string {
  return realm !== "" || userId.startsWith("@") ? `@${realm}@${userId}` : userId;
}

/** The user's id in a key; undefined if the key is of another realm. */
export function userIdIn(realm: string, key: string): string | undefined {
  const prefix = `@${realm}@`;
  if (key.startsWith(prefix)) return key.slice(prefix.length);
  return realm !== "" || key.startsWith("@") ? undefined : key;
}
