// The commands that Redis itself does not have. Each touches one key, as a Redis Cluster requires. value.ts describes the form of a
// value. Instants that are compared with those of a value have 15 digits.

import { createHash } from "node:crypto";

/** A script in Lua, and its hash, by which Redis knows a script that it ran before. */
export interface Script {
  text: string;
  sha1: string;
}

function script(text: string): Script {
  return { text, sha1: createHash("sha1").update(text).digest("hex") };
}

const INSTANT = `(${"%d".repeat(15)})`;

/** The parts of the record. They are nil if there is no record, or its head is damaged. The first argument is always now. */
const RECORD = `
local value = redis.call('GET', KEYS[1]) or ''
local seen, expires, listed, user, kind, created, revision =
  string.match(value, '^${INSTANT}${INSTANT}${INSTANT}([^\\n]*)\\n([^\\n]*)\\n(%d+)\\n(%d+)\\n')
local live = expires and expires > ARGV[1]
local function later(one, other) if one > other then return one else return other end end`;

/** GET, which a client does not send to a replica in this form. */
export const READ: Script = script("return redis.call('GET', KEYS[1])");

/** Arguments: now, the value, its time to live. Gives 1, or 0 when the key is taken. */
export const CREATE: Script = script(`${RECORD}
if live then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1`);

/**
 * Arguments: now, lastSeenAt, expiresAt, the time to live, the instant that the record's entry was just made to live to, or zeros, the
 * revision that it replaces, the data. Gives 1; 0 when there is no such record; and the user and the kind, writing nothing, when the
 * entry has to live longer first.
 */
export const UPDATE: Script = script(`${RECORD}
if not live or revision ~= ARGV[6] then return 0 end
listed = later(listed, ARGV[5])
if ARGV[3] > listed then return {user, kind} end
local head = ARGV[2] .. ARGV[3] .. listed .. user .. '\\n' .. kind .. '\\n' .. created .. '\\n'
redis.call('SET', KEYS[1], head .. string.format('%.0f', revision + 1) .. '\\n' .. ARGV[7], 'PX', ARGV[4])
return 1`);

/** The first five arguments of UPDATE, and what it gives. */
export const TOUCH: Script = script(`${RECORD}
if not live then return 0 end
listed = later(listed, ARGV[5])
if ARGV[3] > listed then return {user, kind} end
redis.call('SETRANGE', KEYS[1], 0, later(seen, ARGV[2]) .. later(expires, ARGV[3]) .. listed)
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[4]) then redis.call('PEXPIRE', KEYS[1], ARGV[4]) end
return 1`);

/** Gives the value that it ended, or nothing. */
export const DESTROY: Script = script(`
local value = redis.call('GET', KEYS[1])
redis.call('DEL', KEYS[1])
return value`);

/** Arguments: now, a user and a kind. Ends the record unless it is of another user or kind. Gives 1 when it ended a live one. */
export const DESTROY_OF: Script = script(`${RECORD}
if user and (user ~= ARGV[2] or kind ~= ARGV[3]) then return 0 end
redis.call('DEL', KEYS[1])
if live then return 1 else return 0 end`);

/**
 * Adds a record to its user's index, or makes its entry live longer, and removes the entries that are over.
 * Arguments: the record's id, the instant to which its entry lives, the index's time to live, the instant up to which entries are over.
 */
export const ENTER: Script = script(`
local score = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not score or tonumber(score) < tonumber(ARGV[2]) then redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1]) end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[4])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[3]) then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end`);

/**
 * Arguments: a score, an id that had it, how many entries to list. Gives those that come after this entry, or those from this score
 * on when it is not there any more.
 */
export const LIST: Script = script(`
local score = redis.call('ZSCORE', KEYS[1], ARGV[2])
local from
if score and tonumber(score) == tonumber(ARGV[1]) then
  from = redis.call('ZRANK', KEYS[1], ARGV[2]) + 1
else
  from = redis.call('ZCOUNT', KEYS[1], '-inf', '(' .. ARGV[1])
end
return redis.call('ZRANGE', KEYS[1], from, from + ARGV[3] - 1, 'WITHSCORES')`);

/** Removes records from their user's index. Arguments: their ids. */
export const LEAVE: Script = script("for _, id in ipairs(ARGV) do redis.call('ZREM', KEYS[1], id) end");
