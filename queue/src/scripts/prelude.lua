-- Shared by all scripts: what the keys are called, how a value is packed, and how a job ends.
--
-- KEYS      see keys.rs, always in that order
-- jobs      waiting    'W' tag:4 due:6 priority:1 generation:4 version:8 attempt:2 crashes:1 flags:1 kind:1+n
--                      [expires:6 if flag 2] [unique:1+n if flag 1] the rest is the client's
--           parked     'P' parking:16, then a waiting value
--           tombstone  'T' version:8 generation:4 how:1 [result]
-- running   token:16 worker:16 version:8 started:6 cancel:1 padding:18 (see fetch.lua)
-- elements  of the ready lists: id:16 tag:4; of the delayed zset: priority:1 id:16 tag:4
-- events    version:8 now:8 due:8 how:1 report
-- report    outcome:1 extras:1 size:4 argument:8 token:16 generation:4 attempt:4 used:4 crashes:4 started:8 id:16 reported:1 worker:16
--           class:1+n message:2+n result:4+n, then tail
-- tail      there:1 fraction:4 message:2+n lines:1 of 2+n each
-- hold      ms:8, then id:16 version:8 each
--
-- All integers are little-endian and unsigned. An element counts only if its tag is that of the job's record, so a
-- job is withdrawn from a list by giving its record another tag, in O(1).
local META, JOBS, RUNNING, LEASES, WAKE, DELAYED = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local READY = 7
local EVENTS, EVENTS_WAKE, HOLD, EXPIRY, UNIQUE, PROGRESS = KEYS[12], KEYS[13], KEYS[14], KEYS[15], KEYS[16], KEYS[17]
local UNKNOWN, UNDECODABLE, MINUTE, CONTROL = KEYS[18], KEYS[19], KEYS[20], KEYS[21]
local call, byte, char, sub = redis.call, string.byte, string.char, string.sub
local pack, unpack_bytes, unpack = struct.pack, struct.unpack, unpack
local W, P, T = 87, 80, 84
local NO_TAIL = '\0\0\0\0\0\0\0\0'
local ZERO8 = NO_TAIL
local ZERO16 = string.rep('\0', 16)
local time = call('time')
local now_us = time[1] * 1000000 + time[2]
local now = math.floor(now_us / 1000)
