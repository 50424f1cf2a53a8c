-- The unusual cases of a push; what is read stands in push_plain.lua.
alive, bytes = tonumber(meta[1] or 0), tonumber(meta[2] or 0)
values, ready = {}, {}
local answers, owners, delayed = {}, {}, {}

-- Whether another live job holds the unique key; takes the key if not.
local function is_taken(id, head)
  local at = 19 + byte(head, 18) + (byte(head, 17) >= 2 and 6 or 0)
  local key = sub(head, at + 1, at + byte(head, at))
  local owner = call('hget', UNIQUE, key)
  if owner and owner ~= id and record(call('hget', JOBS, owner)) then return owner end
  call('hset', UNIQUE, key, id)
end

for k, id in ipairs(ids) do
  local due, head = tonumber(ARGV[3 + 3 * k]), ARGV[4 + 3 * k]
  local value = (due > now and 'W' .. tag .. pack('<I6', due) or at_once) .. head
  local old, flags = known[k], byte(head, 17)
  local lives = old and record(old)
  local answer, owner = 'A', nil
  if old and generation_of(old) >= unpack_bytes('<I4', head, 2) then
    answer = 'K'
  elseif alive - (lives and 1 or 0) >= most or bytes - (lives and #old or 0) + #value > most_bytes then
    answer = 'F'
  elseif flags % 2 == 1 then
    owner = is_taken(id, head)
    if owner then answer = 'U' end
  end
  if answer == 'A' then
    if lives then
      displace(id, old)
      if flags % 2 == 1 then is_taken(id, head) end
    elseif runs[k] then
      -- the entry has vanished behind our back; what still runs of it is stale
      call('hdel', RUNNING, id)
      call('zrem', LEASES, id)
    end
    alive, bytes = alive + 1, bytes + #value
    if flags % 2 == 1 then call('hset', JOBS, id, value) end
    if flags >= 2 then call('zadd', EXPIRY, unpack_bytes('<I6', head, 19 + byte(head, 18)), id) end
    values[#values + 1] = id
    values[#values + 1] = value
    local priority = byte(head, 1)
    if due > now then
      delayed[#delayed + 1] = due
      delayed[#delayed + 1] = char(priority) .. id .. tag
    else
      local list = ready[priority]
      if not list then
        list = {}
        ready[priority] = list
      end
      list[#list + 1] = id .. tag
    end
  elseif owner then
    owners[#owners + 1] = owner
  end
  answers[k] = answer
end

if #values > 0 then
  call('hset', JOBS, unpack(values))
  for priority, list in pairs(ready) do call('rpush', KEYS[READY + priority], unpack(list)) end
  if next(ready) then wake(WAKE) end
  if #delayed > 0 then
    local first = call('zrange', DELAYED, 0, 0, 'withscores')[2]
    call('zadd', DELAYED, unpack(delayed))
    if tonumber(call('zrange', DELAYED, 0, 0, 'withscores')[2]) ~= tonumber(first or -1) then wake(WAKE) end
  end
  call('hset', META, 'n', alive, 'b', bytes)
end
return { table.concat(answers), unpack(owners) }
