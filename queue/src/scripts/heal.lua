-- Removes what no job stands behind, which only a lost or hand-made change can leave: one bounded step of a walk.
--
-- KEYS   all
-- ARGV   lease in ms, most of each, '1' to change nothing; then, for a walk of one's own, its four cursors ('0' first, '-'
--        where it is over), else the queue remembers where it stood
-- result leases and running states removed, unique keys removed, running states given a lease; the four cursors ('-': over);
--        then up to 10 of what was found: 'l', 'a' and the job's id, or 'k' and the key
-- cost   O(most); at most 1,000 of each a call
local most, looks = ARGV[2], ARGV[3] == '1'
local leases, locks, adopted = 0, 0, 0
local cursors, found = {}, {}
local function note(how, what)
  if #found < 10 then found[#found + 1] = how .. what end
end
local function walk(number, command, key, visit)
  local cursor = ARGV[3 + number] or call('hget', META, 'h' .. number) or '0'
  if cursor ~= '-' then
    local step = call(command, key, cursor, 'count', most)
    for i = 1, #step[2], 2 do visit(step[2][i], step[2][i + 1]) end
    if not ARGV[4] then call('hset', META, 'h' .. number, step[1]) end
    cursor = step[1] == '0' and '-' or step[1]
  end
  cursors[number] = cursor
end
walk(1, 'hscan', RUNNING, function(id)
  if not record(call('hget', JOBS, id)) then
    if not looks then
      call('hdel', RUNNING, id)
      call('zrem', LEASES, id)
    end
    leases = leases + 1
    note('l', id)
  elseif not call('zscore', LEASES, id) then
    if not looks then call('zadd', LEASES, now + ARGV[1], id) end
    adopted = adopted + 1
    note('a', id)
  end
end)
walk(2, 'hscan', UNIQUE, function(key, id)
  if not record(call('hget', JOBS, id)) then
    if not looks then call('hdel', UNIQUE, key) end
    locks = locks + 1
    note('k', key)
  end
end)
walk(3, 'hscan', PROGRESS, function(id)
  if not looks and call('hexists', RUNNING, id) == 0 then call('hdel', PROGRESS, id) end
end)
walk(4, 'zscan', LEASES, function(id)
  if #id == 16 and call('hexists', RUNNING, id) == 0 then
    if not looks then call('zrem', LEASES, id) end
    leases = leases + 1
    note('l', id)
  end
end)
return { leases, locks, adopted, cursors[1], cursors[2], cursors[3], cursors[4], unpack(found) }
