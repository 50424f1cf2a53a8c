-- Repairs what only a lost or hand-made change can leave: one bounded step of a walk.
--
-- KEYS   all
-- ARGV   lease in ms, most of each, '1' to change nothing; then, for a walk of one's own, its five cursors ('0' first, '-'
--        where it is over), else the queue remembers where it stood
-- result leases and running states without a job removed, unique keys without an owner removed, running states given a
--        lease, waiting jobs that stood in no list put back; the five cursors ('-': over);
--        then up to 10 of what was found: 'l', 'a', 's' and the job's id, or 'k' and the key
-- cost   O(most), O(1,000) for each ready list that a waiting job is looked for in; at most 1,000 of each a call, and 200
--        jobs, since their records come along
local most, looks = tonumber(ARGV[2]), ARGV[3] == '1'
local leases, locks, adopted, stranded = 0, 0, 0, 0
local cursors, found = {}, {}
local function note(how, what)
  if #found < 10 then found[#found + 1] = how .. what end
end
local function walk(number, command, key, visit, count)
  local cursor = ARGV[3 + number] or call('hget', META, 'h' .. number) or '0'
  if cursor ~= '-' then
    local step = call(command, key, cursor, 'count', count or most)
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

local BEGINNING = 1000
local heads = {}

-- The beginning of a ready list: its elements as a set, whether they are all, and since when the oldest of them is due.
local function head_of(priority)
  if heads[priority] then return heads[priority] end
  local elements = call('lrange', KEYS[READY + priority], 0, BEGINNING - 1)
  local head = { has = {}, is_all = #elements < BEGINNING, oldest = math.huge }
  heads[priority] = head
  local ids = {}
  for i, element in ipairs(elements) do
    head.has[element] = true
    ids[i] = sub(element, 1, 16)
  end
  if head.is_all then return head end
  for i, value in ipairs(call('hmget', JOBS, unpack(ids))) do
    if value and #value > 43 and byte(value, 1) == W and sub(value, 2, 5) == sub(elements[i], 17, 20) then
      head.oldest = math.min(head.oldest, (unpack_bytes('<I6', value, 6)))
    end
  end
  return head
end

-- Whether a fetch can come to a waiting job, as far as a bounded look can tell. Ready lists are served from the beginning,
-- so in a long one a job that is older than all of that is taken to be lost. Should it stand further down after all, no
-- harm is done: that element is withdrawn by the new tag.
local function is_placed(id, value)
  local priority, tag4, due = byte(value, 12), sub(value, 2, 5), (unpack_bytes('<I6', value, 6))
  if priority > 4 or call('zscore', DELAYED, char(priority) .. id .. tag4) then return true end
  if due > now then return false end
  local head = head_of(priority)
  if head.has[id .. tag4] or (not head.is_all and due >= head.oldest) then return true end
  local kind = sub(value, 30, 29 + byte(value, 29))
  if call('sismember', UNKNOWN, kind) == 0 then return false end
  local list = UNKNOWN .. ':' .. kind
  return call('lpos', list, id .. tag4, 'maxlen', BEGINNING) or call('llen', list) > BEGINNING
end

walk(5, 'hscan', JOBS, function(id, value)
  if #id ~= 16 or #value < 44 or byte(value, 1) ~= W or call('hexists', RUNNING, id) == 1 or is_placed(id, value) then return end
  if not looks then
    local version, attempt, crashes = unpack_bytes('<I8I2I1', value, 17)
    place(id, value, (unpack_bytes('<I6', value, 6)), version, attempt, crashes, true)
    head_of(byte(value, 12)).has[id .. tag] = true
  end
  stranded = stranded + 1
  note('s', id)
end, math.min(most, 200))
return { leases, locks, adopted, stranded, cursors[1], cursors[2], cursors[3], cursors[4], cursors[5], unpack(found) }
