-- Puts jobs into the queue, unless their generation is known.
--
-- KEYS   all
-- ARGV   epoch ('' without a ledger), deadline in µs, most jobs, most bytes, then per job: id, due in ms (0: at once), head
--        (the record from its priority on)
-- result 'S' if the epoch is another or the deadline has passed, else one letter a job: A accepted, K known, F full,
--        U unique key held; then the owner of the key for each U
-- cost   O(jobs), O(log delayed) for each delayed one; at most 1,000 jobs a call
--
-- The usual case stands first: all of them new, to be ready at once, and nothing special about any. Even making the
-- functions that the rest needs would cost a single push more than its commands do.
local epoch, deadline = ARGV[1], tonumber(ARGV[2])
local meta = call('hmget', META, 'n', 'b', 'e')
if epoch ~= '' and (meta[3] ~= epoch or now_us > deadline) then return { 'S' } end
local most, most_bytes = tonumber(ARGV[3]), tonumber(ARGV[4])
local count = (#ARGV - 4) / 3
local tag = pack('<I4', now_us % 4294967296)
local at_once = 'W' .. tag .. pack('<I6', now)

local ids = {}
for k = 1, count do ids[k] = ARGV[2 + 3 * k] end
local known = call('hmget', JOBS, unpack(ids))
local runs = call('hmget', RUNNING, unpack(ids))
local values, ready, size, plain = {}, {}, tonumber(meta[2] or 0), tonumber(meta[1] or 0) + count <= most
for k = 1, count do
  local id, head = ids[k], ARGV[4 + 3 * k]
  local priority = byte(head, 1)
  if known[k] or runs[k] or ARGV[3 + 3 * k] ~= '0' or byte(head, 17) ~= 0 then
    plain = false
    break
  end
  local list = ready[priority]
  if not list then
    list = {}
    ready[priority] = list
  end
  list[#list + 1] = id .. tag
  values[2 * k - 1], values[2 * k] = id, at_once .. head
  size = size + #values[2 * k]
end
if plain and size <= most_bytes then
  call('hset', JOBS, unpack(values))
  for priority, list in pairs(ready) do call('rpush', KEYS[READY + priority], unpack(list)) end
  if call('llen', WAKE) == 0 then call('rpush', WAKE, '1') end
  call('hset', META, 'n', (meta[1] or 0) + count, 'b', size)
  return { string.rep('A', count) }
end
