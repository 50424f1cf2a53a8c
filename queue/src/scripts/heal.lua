-- Removes what no job stands behind, which only a lost or hand-made change can leave: one bounded step of a walk.
--
-- KEYS   all
-- ARGV   lease in ms, most of each
-- result leases and running states removed, unique keys removed, running states given a lease
-- cost   O(most); at most 1,000 of each a call
local most = ARGV[2]
local leases, locks, adopted = 0, 0, 0
local function walk(key, cursor, visit)
  local step = call('hscan', key, call('hget', META, cursor) or '0', 'count', most)
  for i = 1, #step[2], 2 do visit(step[2][i], step[2][i + 1]) end
  call('hset', META, cursor, step[1])
end
walk(RUNNING, 'h1', function(id)
  if not record(call('hget', JOBS, id)) then
    call('hdel', RUNNING, id)
    call('zrem', LEASES, id)
    leases = leases + 1
  elseif not call('zscore', LEASES, id) then
    call('zadd', LEASES, now + ARGV[1], id)
    adopted = adopted + 1
  end
end)
walk(UNIQUE, 'h2', function(key, id)
  if not record(call('hget', JOBS, id)) then
    call('hdel', UNIQUE, key)
    locks = locks + 1
  end
end)
walk(PROGRESS, 'h3', function(id)
  if call('hexists', RUNNING, id) == 0 then call('hdel', PROGRESS, id) end
end)
local step = call('zscan', LEASES, call('hget', META, 'h4') or '0', 'count', most)
for i = 1, #step[2], 2 do
  if #step[2][i] == 16 and call('hexists', RUNNING, step[2][i]) == 0 then
    call('zrem', LEASES, step[2][i])
    leases = leases + 1
  end
end
call('hset', META, 'h4', step[1])
return { leases, locks, adopted }
