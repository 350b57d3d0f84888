/**
 * The user id as the store gets it: the id itself, or the id after the realm. Users of different realms never have the
 * same key, and a user of a realm never has the key of a user without one.
 */
export function userKey(realm: string, userId: string): string {
  return realm !== "" || userId.startsWith("@") ? `@${realm}@${userId}` : userId;
}

/** The user's id in a key; undefined if the key belongs to another realm. */
export function userIdIn(realm: string, key: string): string | undefined {
  const prefix = `@${realm}@`;
  if (key.startsWith(prefix)) return key.slice(prefix.length);
  return realm !== "" || key.startsWith("@") ? undefined : key;
}
