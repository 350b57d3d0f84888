// The commands that Redis itself does not have: conditional on a record being there and live. Each touches one key, as a
// Redis Cluster requires. value.ts has the form of a value.

import { createHash } from "node:crypto";

/** A script in Lua, and its hash, by which Redis knows a script that it ran before. */
export interface Script {
  text: string;
  sha1: string;
}

function script(text: string): Script {
  return { text, sha1: createHash("sha1").update(text).digest("hex") };
}

const LIVE = `
local expires = redis.call('GETRANGE', KEYS[1], 15, 29)
local live = (tonumber(expires) or 0) > tonumber(ARGV[1])`;

/** The head: the user's id up to the line feed, a session's revision, and what happens to stand behind them. */
const HEAD = "local head = redis.call('GETRANGE', KEYS[1], 30, 2430)";

/** GET, which a client does not send to a replica in this form. */
export const READ: Script = script("return redis.call('GET', KEYS[1])");

/** Arguments: now, the value, its time to live. Gives 1, or 0 when the key is taken. */
export const CREATE: Script = script(`${LIVE}
if live then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1`);

/** Arguments: now, the value, its time to live, the revision that it replaces. Gives the head that it replaced, or nothing. */
export const UPDATE: Script = script(`${LIVE}
if not live then return false end
${HEAD}
if string.match(head, '^[^\\n]*\\n(%d+)\\n') ~= ARGV[4] then return false end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return head`);

/** Arguments: now, lastSeenAt, expiresAt, the time to live. Gives the head, or nothing. */
export const TOUCH: Script = script(`${LIVE}
if not live then return false end
local function later(from, to, given)
  local kept = tonumber(redis.call('GETRANGE', KEYS[1], from, to))
  return string.format('%015.0f', math.max(kept, tonumber(given)))
end
redis.call('SETRANGE', KEYS[1], 0, later(0, 14, ARGV[2]) .. later(15, 29, ARGV[3]))
local ttl = tonumber(ARGV[4])
if redis.call('PTTL', KEYS[1]) < ttl then redis.call('PEXPIRE', KEYS[1], ttl) end
${HEAD}
return head`);

/**
 * Arguments: now, a token's value without the instant of its index, its time to live, the user and the token that it replaces as
 * the head has them, and the instant of the index, which is that of before when none is given. Gives 1; 0 when there is no such
 * token; 2, and writes nothing, when the token would outlive that instant.
 */
export const ROTATE: Script = script(`${LIVE}
if not live or redis.call('GETRANGE', KEYS[1], 30, 29 + #ARGV[4]) ~= ARGV[4] then return 0 end
local listed = ARGV[5] or redis.call('GETRANGE', KEYS[1], 0, 14)
if string.sub(ARGV[2], 1, 15) > listed then return 2 end
redis.call('SET', KEYS[1], listed .. ARGV[2], 'PX', ARGV[3])
return 1`);

/** Arguments: now. Gives the head of what it ended, or nothing. */
export const DESTROY: Script = script(`${LIVE}
${HEAD}
redis.call('DEL', KEYS[1])
if live then return head else return false end`);

/** Arguments: now, a user's id as the head has it. Gives 1 when it ended a record of this user. */
export const DESTROY_OF: Script = script(`${LIVE}
${HEAD}
if string.sub(head, 1, #ARGV[2]) ~= ARGV[2] then return 0 end
redis.call('DEL', KEYS[1])
if live then return 1 else return 0 end`);

/** Lists a record in its user's index. Arguments: its id, createdAt, the index's time to live. Gives a few entries. */
export const ENTER: Script = script(`
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
local ttl = tonumber(ARGV[3])
if redis.call('PTTL', KEYS[1]) < ttl then redis.call('PEXPIRE', KEYS[1], ttl) end
return redis.call('ZRANDMEMBER', KEYS[1], 3, 'WITHSCORES')`);

/** Lets an index live on. Arguments: its time to live. */
export const KEEP: Script = script(`
local ttl = tonumber(ARGV[1])
if redis.call('PTTL', KEYS[1]) < ttl then redis.call('PEXPIRE', KEYS[1], ttl) end`);

/** Gives the entries of an index, the newest first. */
export const LIST: Script = script("return redis.call('ZREVRANGE', KEYS[1], 0, -1, 'WITHSCORES')");

/** Removes a record from its user's index. Arguments: its id. */
export const LEAVE: Script = script("return redis.call('ZREM', KEYS[1], ARGV[1])");
