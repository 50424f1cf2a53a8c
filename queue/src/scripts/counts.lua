-- The figures of a queue.
--
-- KEYS   all
-- ARGV   none
-- result paused, alive, bytes, delayed, running, events, undecodable, unreadable events, things set aside in all, ms since when the oldest ready job is due (0: none), ready by
--        priority (5), then per unknown kind: kind, jobs
-- cost   O(1): at most 20 elements of each ready list and 100 kinds are looked at
local meta = call('hmget', META, 'p', 'n', 'b', 's0', 's1', 's2', 's3', 's4', 'u')
local oldest, ready = 0, {}
for priority = 0, 4 do
  local list = KEYS[READY + priority]
  ready[priority + 1] = math.max(call('llen', list) - (meta[4 + priority] or 0), 0)
  for _, element in ipairs(call('lrange', list, 0, 19)) do
    local value = call('hget', JOBS, sub(element, 1, 16))
    if value and byte(value, 1) == W and sub(value, 2, 5) == sub(element, 17, 20) then
      local due = unpack_bytes('<I6', value, 6)
      if oldest == 0 or due < oldest then oldest = due end
      break
    end
  end
end
local out = { meta[1] and 1 or 0, tonumber(meta[2] or 0), tonumber(meta[3] or 0), call('zcard', DELAYED), call('hlen', RUNNING),
  call('llen', EVENTS), call('hlen', UNDECODABLE), call('llen', EVENTS .. ':unreadable'), tonumber(meta[9] or 0), oldest, unpack(ready) }
if call('scard', UNKNOWN) > 0 then
  for _, kind in ipairs(call('srandmember', UNKNOWN, 100)) do
    out[#out + 1] = kind
    out[#out + 1] = call('llen', UNKNOWN .. ':' .. kind)
  end
end
return out
