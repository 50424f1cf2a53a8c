-- Gives a worker at most so many jobs, under a lease.
--
-- KEYS   all
-- ARGV   most jobs, lease in ms, token and worker (32 bytes), run_id ('' without a ledger), order ('u': lowest priority
--        first), most events (0: any), hold in ms, ms until which the worker wants them (0: any time), then the kinds that it
--        knows (none: all)
-- result state, now in ms, version, ms at which the next delayed job is due (0: none, or as many as asked for), then per job: id, record
--        state: ok, more (look again at once), closed (the epoch is not open for this run), paused, lagging (the recorder),
--        late
-- cost   O(jobs), O(log) for leases and delayed ones; at most 1,000 delayed jobs become ready and at most 1,000
--        withdrawn elements are skipped a call
local most, lease_ms, run_id, event_bound = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[4], tonumber(ARGV[6])
local with_ledger = run_id ~= ''
-- who sent this may be gone by now, and what it were given would wait for a lease
if ARGV[8] ~= '0' and now > tonumber(ARGV[8]) then return { 'late', now, 0, 0 } end
local meta = call('hmget', META, 'v', 'p', 'e', 'o', 's0', 's1', 's2', 's3', 's4')
if with_ledger and (not meta[3] or meta[4] ~= run_id) then return { 'closed', now, 0, 0 } end
if meta[2] then return { 'paused', now, 0, 0 } end
if event_bound > 0 and call('llen', EVENTS) >= event_bound then return { 'lagging', now, 0, 0 } end
local clock = math.max(tonumber(meta[1] or 0), now_us)
local kinds
if #ARGV > 8 then
  kinds = {}
  for i = 9, #ARGV do kinds[ARGV[i]] = true end
end

local function promote()
  local due = call('zrangebyscore', DELAYED, '-inf', now, 'limit', 0, 1000)
  if #due == 0 then return end
  call('zrem', DELAYED, unpack(due))
  local ready = {}
  for _, element in ipairs(due) do
    local priority = byte(element, 1)
    ready[priority] = ready[priority] or {}
    ready[priority][#ready[priority] + 1] = sub(element, 2)
  end
  for priority, list in pairs(ready) do call('rpush', KEYS[READY + priority], unpack(list)) end
end

local PADDING, BEYOND = string.rep('-', 18), string.rep('-', 65)
local out = { 'ok', now, 0, 0 }
local taken, elements_left, latest, expired = 0, most + 1000, 0, {}

-- When a record expires; never, if it does not say, or says it where it cannot.
local function expires(value)
  local at, flags = 30 + byte(value, 29), byte(value, 28)
  if flags < 2 or #value < at + 5 then return math.huge end
  return (unpack_bytes('<I6', value, at))
end

local function give(id, value)
  out[5 + 2 * taken], out[6 + 2 * taken] = id, value
  taken = taken + 1
end

-- Takes what is valid of these elements; returns how many were withdrawn before.
local function take(elements, set_aside)
  local ids, stale = {}, 0
  for i, element in ipairs(elements) do ids[i] = sub(element, 1, 16) end
  local values = call('hmget', JOBS, unpack(ids))
  for i, id in ipairs(ids) do
    local value = values[i]
    local form, a, b, c, d = byte(value or '', 1, 5)
    local e, f, g, h = byte(elements[i], 17, 20)
    if form ~= W or a ~= e or b ~= f or c ~= g or d ~= h then
      stale = stale + 1
      if form and form ~= W and form ~= P and form ~= T then give(id, value) end
    elseif #value < 44 then
      give(id, value)
    else
      local kind = kinds and sub(value, 30, 29 + byte(value, 29))
      if kinds and not kinds[kind] then
        set_aside(kind, elements[i])
      elseif expires(value) <= now then
        expired[#expired + 1] = id
        expired[#expired + 1] = value
      else
        local version = unpack_bytes('<I8', value, 17)
        if version > latest then latest = version end
        give(id, value)
      end
    end
  end
  return stale
end

local aside = {}
local function set_aside(kind, element)
  aside[kind] = aside[kind] or {}
  aside[kind][#aside[kind] + 1] = element
end

-- Jobs that were set aside by workers that did not know their kind go first: they have waited.
local function take_aside()
  if call('scard', UNKNOWN) == 0 then return end
  for _, kind in ipairs(call('smembers', UNKNOWN)) do
    if taken < most and (not kinds or kinds[kind]) then
      local list = UNKNOWN .. ':' .. kind
      take(call('lpop', list, most - taken) or {}, set_aside)
      if call('exists', list) == 0 then call('srem', UNKNOWN, kind) end
    end
  end
end

promote()
take_aside()
local a, b, c, d, e = KEYS[11], KEYS[10], KEYS[9], KEYS[8], KEYS[7]
if ARGV[5] == 'u' then a, b, c, d, e = e, d, c, b, a end
local is_empty = false
while taken < most and elements_left > 0 do
  local popped = call('lmpop', 5, a, b, c, d, e, 'left', 'count', most - taken)
  if not popped then
    -- empty lists hold no withdrawn elements
    for priority = 0, 4 do
      if meta[5 + priority] and meta[5 + priority] ~= '0' then call('hset', META, 's' .. priority, 0) end
    end
    is_empty = true
    break
  end
  local stale = take(popped[2], set_aside)
  elements_left = elements_left - #popped[2]
  if stale > 0 then call('hincrby', META, 's' .. sub(popped[1], -1), -stale) end
end

for kind, list in pairs(aside) do
  call('rpush', UNKNOWN .. ':' .. kind, unpack(list))
  call('sadd', UNKNOWN, kind)
  if call('llen', WAKE) == 0 then call('rpush', WAKE, '1') end
end
if taken > 0 then
  local version = math.max(clock, latest) + 1
  -- Redis keeps small hashes and zsets as lists, in which every look-up is a walk: with fifty jobs under way that took
  -- more time than all else. A value or member of over 64 bytes makes them a table and a skip list, so the state is
  -- padded, and the zset has one long member beyond all time.
  local state = ARGV[3] .. pack('<I8I6', version, now) .. '0' .. PADDING
  local ends = string.format('%.0f', now + lease_ms)
  local leases, runs = { '1e18', BEYOND }, {}
  for i = 1, taken do
    local id = out[3 + 2 * i]
    leases[2 * i + 1], leases[2 * i + 2] = ends, id
    runs[2 * i - 1], runs[2 * i] = id, state
  end
  call('zadd', LEASES, unpack(leases))
  call('hset', RUNNING, unpack(runs))
  call('hset', META, 'v', version)
  out[3] = version
  if taken == most and call('exists', KEYS[7], KEYS[8], KEYS[9], KEYS[10], KEYS[11]) > 0 and call('llen', WAKE) == 0 then
    call('rpush', WAKE, '1')
  end
elseif elements_left <= 0 or #expired > 0 then
  out[1] = 'more'
end
if taken < most then
  -- who knows when to look again need not look at once
  local first = call('zrange', DELAYED, 0, 0, 'withscores')
  out[4] = is_empty and tonumber(first[2] or 0) or now
end
if #expired == 0 then return out end
