/**
 * Returns the user id for the store: the id itself or, in a realm, the realm and the id. Users of different realms
 * never have the same key. A user in a realm and a user without a realm never have the same key either.
 */
export function userKey(realm: string, userId: string): string {
  return realm !== "" || userId.startsWith("@") ? `@${realm}@${userId}` : userId;
}

/** Returns the user id in a key; undefined if the key belongs to another realm. */
export function userIdIn(realm: string, key: string): string | undefined {
  const prefix = `@${realm}@`;
  if (key.startsWith(prefix)) return key.slice(prefix.length);
  return realm !== "" || key.startsWith("@") ? undefined : key;
}
