-- Takes the reports of runs, each of which counts only with the token of the fetch that it came from.
--
-- KEYS   all
-- ARGV   '1' with a ledger, stay of tombstones in ms, size of the records of all runs that ended, then per run: id, report
--        outcome of a report: C completed (argument: where the result begins, without a ledger), D dead, K cancelled by the
--        handler, U undecodable; R retry (argument: pause in ms), S snooze (pause in ms), A snooze (until ms), B hand back
-- result one letter a run: '+' taken, 'K' taken but ended as cancelled, '-' stale
-- cost   O(runs), O(log) for the leases; at most 500 runs a call
--
-- The usual case stands first: all runs current and completed, with nothing to let go of. Even making the functions that
-- the rest needs would cost a single report more than its commands do.
local count = (#ARGV - 3) / 2
local ids, current, stale, plain = {}, {}, 0, true
for k = 1, count do ids[k] = ARGV[2 + 2 * k] end
local runs = call('hmget', RUNNING, unpack(ids))
for k = 1, count do
  local run, blob = runs[k], ARGV[3 + 2 * k]
  if run and sub(run, 1, 16) == sub(blob, 15, 30) then
    current[k - stale] = ids[k]
    plain = plain and byte(blob, 1) == 67 and byte(blob, 2) == 0
  else
    stale, runs[k], plain = stale + 1, false, false
  end
end
-- what frees memory comes first: a server that is out of it still takes reports
if stale < count then
  call('hdel', RUNNING, unpack(current))
  call('zrem', LEASES, unpack(current))
  call('hdel', PROGRESS, unpack(current))
end
if plain and ARGV[1] == '1' then
  local meta = call('hmget', META, 'v', 'n', 'b')
  local clock = math.max(tonumber(meta[1] or 0), now_us)
  local completion = pack('<I8', now) .. ZERO8 .. 'C'
  local tombstones, events = {}, {}
  for k = 1, count do
    local blob, version8 = ARGV[3 + 2 * k], pack('<I8', clock + k)
    tombstones[2 * k - 1], tombstones[2 * k] = ids[k], 'T' .. version8 .. sub(blob, 31, 34) .. 'C'
    events[k] = version8 .. completion .. blob
  end
  call('hset', JOBS, unpack(tombstones))
  call('rpush', EVENTS, unpack(events))
  if call('llen', EVENTS_WAKE) == 0 then call('rpush', EVENTS_WAKE, '1') end
  call('hset', META, 'v', clock + count, 'n', math.max((meta[2] or 0) - count, 0), 'b', math.max((meta[3] or 0) - ARGV[3], 0))
  local minute = MINUTE .. ':' .. math.floor(now / 60000)
  if call('hincrby', minute, 'c', count) == count then call('expire', minute, 3720) end
  return string.rep('+', count)
end
