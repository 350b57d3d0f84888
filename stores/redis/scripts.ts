// Scripts for operations that Redis has no command for. Each script uses one key, as a Redis Cluster requires. value.ts
// describes the format of a value. A timestamp that is compared with a timestamp in a value has 15 digits.

import { createHash } from "node:crypto";

/** A Lua script and its hash. Redis can run a script by its hash once it knows the text. */
export interface Script {
  text: string;
  sha1: string;
}

function script(text: string): Script {
  return { text, sha1: createHash("sha1").update(text).digest("hex") };
}

/** How long Redis keeps a record at least, in milliseconds. */
export const SHORTEST_TTL = 1000;
/**
 * How long an index entry is kept after its end, in milliseconds. Entries are kept longer because the clocks of
 * processes differ.
 */
export const CLOCK_MARGIN = 3_600_000;

const INSTANT = `(${"%d".repeat(15)})`;

/**
 * Reads the parts of the record. They are nil if there is no record, or if the start of its value is damaged. The first
 * argument is always the current time.
 */
const RECORD = `
local value = redis.call('GET', KEYS[1]) or ''
local seen, expires, listed, user, kind, created, revision =
  string.match(value, '^${INSTANT}${INSTANT}${INSTANT}([^\\n]*)\\n([^\\n]*)\\n(%d+)\\n(%d+)\\n')
local live = expires and expires > ARGV[1]
local function later(one, other) if one > other then return one else return other end end`;

/** GET as a script, because clients do not send a script to a replica. */
export const READ: Script = script("return redis.call('GET', KEYS[1])");

/** Creates a record. Arguments: the current time and the value. Returns 1, or 0 if the key is taken. */
export const CREATE: Script = script(`${RECORD}
if live then return 0 end
local ttl = string.sub(ARGV[2], 16, 30) - ARGV[1]
redis.call('SET', KEYS[1], ARGV[2], 'PX', string.format('%.0f', math.max(ttl, ${SHORTEST_TTL})))
return 1`);

/**
 * Updates a record.
 *
 * Arguments: the current time, lastSeenAt, expiresAt, the time to live, the new end of the record's index entry (zeros
 * if the entry was not extended), the revision to replace, the data.
 *
 * Returns 1 after an update, or 0 if there is no record with this revision. If the index entry must be extended first,
 * it writes nothing and returns the user and the kind.
 */
export const UPDATE: Script = script(`${RECORD}
if not live or revision ~= ARGV[6] then return 0 end
listed = later(listed, ARGV[5])
if ARGV[3] > listed then return {user, kind} end
local head = ARGV[2] .. ARGV[3] .. listed .. user .. '\\n' .. kind .. '\\n' .. created .. '\\n'
redis.call('SET', KEYS[1], head .. string.format('%.0f', revision + 1) .. '\\n' .. ARGV[7], 'PX', ARGV[4])
return 1`);

/**
 * Moves the timestamps of a record forward. Arguments: the first five arguments of UPDATE. Returns the same as UPDATE.
 */
export const TOUCH: Script = script(`${RECORD}
if not live then return 0 end
listed = later(listed, ARGV[5])
if ARGV[3] > listed then return {user, kind} end
redis.call('SETRANGE', KEYS[1], 0, later(seen, ARGV[2]) .. later(expires, ARGV[3]) .. listed)
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[4]) then redis.call('PEXPIRE', KEYS[1], ARGV[4]) end
return 1`);

/**
 * Deletes the record, and removes it from its user's index. Argument: the length of its id. Returns its value, and
 * whether the index is done; or nil if there is no record.
 *
 * In a Cluster, the index may be on another server, where this script cannot reach it.
 */
export const DESTROY: Script = script(`
local value = redis.call('GET', KEYS[1])
if not value then return nil end
redis.call('DEL', KEYS[1])
local user, kind = string.match(value, '^${"%d".repeat(45)}([^\\n]+)\\n([^\\n]*)\\n')
if not user then return {value, 1} end
local id = string.sub(KEYS[1], -ARGV[1])
local prefix = string.sub(KEYS[1], 1, -ARGV[1] - #'record:' - 1)
local left = redis.pcall('ZREM', prefix .. 'user:' .. kind .. ':' .. user, id)
return {value, type(left) == 'number' and 1 or 0}`);

/**
 * Deletes the record unless it has another user or kind. Arguments: the current time, a user and a kind. Returns 1 if
 * it deleted a live record, otherwise 0.
 */
export const DESTROY_OF: Script = script(`${RECORD}
if user and (user ~= ARGV[2] or kind ~= ARGV[3]) then return 0 end
redis.call('DEL', KEYS[1])
if live then return 1 else return 0 end`);

/**
 * Adds a record to its user's index, or extends its entry, and removes the entries that have ended.
 *
 * Arguments: the record's id, the end of its entry, and how long it is until then, in milliseconds.
 */
export const ENTER: Script = script(`
local score = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not score or tonumber(score) < tonumber(ARGV[2]) then redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1]) end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', ARGV[2] - ARGV[3] - ${CLOCK_MARGIN}))
local ttl = ARGV[3] + ${CLOCK_MARGIN}
if redis.call('PTTL', KEYS[1]) < ttl then redis.call('PEXPIRE', KEYS[1], string.format('%.0f', ttl)) end`);

/**
 * Lists entries of an index. Arguments: the score and the id of an entry, and how many entries to list. Returns the
 * entries after that entry or, if the entry no longer exists, the entries from its score on.
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
