-- Moves what cannot be read out of the way of the rest, its bytes kept.
--
-- KEYS   all
-- ARGV   stay of tombstones in ms, number of events, the events, then fields of the jobs hash
-- result how many were moved; others had been already
-- cost   O(events before the last of them), O(fields); at most 1,000 a call
--
-- The tombstone that an unreadable event may have made is released: nobody will record that end, so the ledger must be
-- able to run the job again. It goes only if it is really that event's, whatever the bytes say. Of each sort 10,000 are
-- kept; of more only their number is known.
local MOST, ASIDE = 10000, EVENTS .. ':unreadable'
hold_ms = tonumber(ARGV[1])
local last = 2 + ARGV[2]
local moved, leaving = 0, {}
for i = 3, last do
  local event = ARGV[i]
  if call('lrem', EVENTS, 1, event) == 1 then
    moved = moved + 1
    if call('llen', ASIDE) < MOST then call('rpush', ASIDE, event) end
    if #event >= 95 then leaving[#leaving + 1] = sub(event, 80, 95) .. sub(event, 1, 8) end
  end
end
for i = last + 1, #ARGV do
  local value = call('hget', JOBS, ARGV[i])
  if value then
    moved = moved + 1
    if call('hlen', UNDECODABLE) < MOST then call('hset', UNDECODABLE, ARGV[i], value) end
    call('hdel', JOBS, ARGV[i])
  end
end
if moved > 0 then call('hincrby', META, 'u', moved) end
hold(leaving)
return moved
