// The commands that Redis itself does not have. Each uses one key, as a Redis Cluster requires. value.ts describes the
// format of a value. Timestamps that are compared with those of a value have 15 digits.

import { createHash } from "node:crypto";

/** A Lua script and its hash. Redis can run a script that it already knows by the hash. */
export interface Script {
  text: string;
  sha1: string;
}

function script(text: string): Script {
  return { text, sha1: createHash("sha1").update(text).digest("hex") };
}

const INSTANT = `(${"%d".repeat(15)})`;

/**
 * The parts of the record. They are nil if there is no record, or its head is damaged. The first argument is always the
 * current time.
 */
const RECORD = `
local value = redis.call('GET', KEYS[1]) or ''
local seen, expires, listed, user, kind, created, revision =
  string.match(value, '^${INSTANT}${INSTANT}${INSTANT}([^\\n]*)\\n([^\\n]*)\\n(%d+)\\n(%d+)\\n')
local live = expires and expires > ARGV[1]
local function later(one, other) if one > other then return one else return other end end`;

/** GET as a script, which clients do not send to a replica. */
export const READ: Script = script("return redis.call('GET', KEYS[1])");

/** Arguments: now, the value, its time to live. Returns 1, or 0 if the key is taken. */
export const CREATE: Script = script(`${RECORD}
if live then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1`);

/**
 * Arguments: now, lastSeenAt, expiresAt, the time to live, the end of the record's index entry if that was just
 * extended, or else zeros, the revision to replace, the data. Returns 1; 0 if there is no such record; or the user and
 * the kind, without writing, if the entry must be extended first.
 */
export const UPDATE: Script = script(`${RECORD}
if not live or revision ~= ARGV[6] then return 0 end
listed = later(listed, ARGV[5])
if ARGV[3] > listed then return {user, kind} end
local head = ARGV[2] .. ARGV[3] .. listed .. user .. '\\n' .. kind .. '\\n' .. created .. '\\n'
redis.call('SET', KEYS[1], head .. string.format('%.0f', revision + 1) .. '\\n' .. ARGV[7], 'PX', ARGV[4])
return 1`);

/** Arguments: the first five of UPDATE. Returns the same as UPDATE. */
export const TOUCH: Script = script(`${RECORD}
if not live then return 0 end
listed = later(listed, ARGV[5])
if ARGV[3] > listed then return {user, kind} end
redis.call('SETRANGE', KEYS[1], 0, later(seen, ARGV[2]) .. later(expires, ARGV[3]) .. listed)
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[4]) then redis.call('PEXPIRE', KEYS[1], ARGV[4]) end
return 1`);

/** Deletes the record. Returns its value, or nothing. */
export const DESTROY: Script = script(`
local value = redis.call('GET', KEYS[1])
redis.call('DEL', KEYS[1])
return value`);

/**
 * Arguments: now, a user and a kind. Deletes the record unless it has another user or kind. Returns 1 if it deleted a
 * live one.
 */
export const DESTROY_OF: Script = script(`${RECORD}
if user and (user ~= ARGV[2] or kind ~= ARGV[3]) then return 0 end
redis.call('DEL', KEYS[1])
if live then return 1 else return 0 end`);

/**
 * Adds a record to its user's index, or extends its entry, and removes the entries that have ended.
 * Arguments: the record's id, the end of its entry, the index's time to live, and the time up to which entries have
 * ended.
 */
export const ENTER: Script = script(`
local score = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not score or tonumber(score) < tonumber(ARGV[2]) then redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1]) end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[4])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[3]) then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end`);

/**
 * Arguments: a score, the id that had it, how many entries to list. Returns the entries after this one, or all from
 * this score on if the entry is no longer there.
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
