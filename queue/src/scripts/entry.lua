-- Shared by the scripts that change entries. They set `ledger`, `hold_ms` and read `meta` first.
local ledger, hold_ms
local clock, alive, bytes = 0, 0, 0
local now8, tag = pack('<I8', now), pack('<I4', now_us % 4294967296)
local tombstones, events, held = {}, {}, {}
local buried, noted, kept = 0, 0, 0
local completed, failed = 0, 0

local function open_meta()
  local meta = call('hmget', META, 'v', 'n', 'b')
  clock = math.max(tonumber(meta[1] or 0), now_us)
  alive, bytes = tonumber(meta[2] or 0), tonumber(meta[3] or 0)
end

-- The version of the transition that happens now, greater than `last` and than any other of this queue.
local function tick(last)
  clock = (last > clock and last or clock) + 1
  return clock
end

local function wake(key)
  if call('llen', key) == 0 then call('rpush', key, '1') end
end

-- The waiting form of a value, and the parking that holds it, if any; nil for anything else.
local function record(value)
  local form = value and byte(value, 1)
  if form == P and #value > 60 then return sub(value, 18), sub(value, 2, 17) end
  if form == W and #value > 43 then return value end
end

-- The generation of an entry; 0 if there is none or its bytes mean nothing.
local function generation_of(value)
  if not value then return 0 end
  if byte(value, 1) == T and #value > 13 then return (unpack_bytes('<I4', value, 10)) end
  local rec = record(value)
  return rec and unpack_bytes('<I4', rec, 13) or 0
end

-- Where the parts after a record's kind begin, and its flags.
local function after_kind(rec)
  return 30 + byte(rec, 29), byte(rec, 28)
end

-- Lets go of what a job holds beside its entry: its unique key and its place among the expiring.
local function release(id, rec)
  local at, flags = after_kind(rec)
  if flags == 0 or #rec < at + 6 then return end
  if flags >= 2 then
    call('zrem', EXPIRY, id)
    at = at + 6
  end
  if flags % 2 == 1 then
    local key = sub(rec, at + 1, at + byte(rec, at))
    if call('hget', UNIQUE, key) == id then call('hdel', UNIQUE, key) end
  end
end

-- Takes a live entry away from wherever it is.
local function displace(id, value)
  local rec, parking = record(value)
  alive, bytes = alive - 1, bytes - #value
  if call('hdel', RUNNING, id) == 1 then
    call('zrem', LEASES, id)
    call('hdel', PROGRESS, id)
  elseif not parking then
    local priority = byte(rec, 12)
    if call('zrem', DELAYED, char(priority) .. id .. sub(rec, 2, 5)) == 0 then
      call('hincrby', META, 's' .. priority, 1)
    end
  end
  release(id, rec)
end

-- Puts a record where workers find it, with a new tag, version and counts; at the head of its list if `first`.
local function place(id, rec, due, version, attempt, crashes, first)
  local priority = byte(rec, 12)
  local value = 'W' .. tag .. pack('<I6', due) .. sub(rec, 12, 16) .. pack('<I8I2I1', version, attempt, crashes) .. sub(rec, 28)
  call('hset', JOBS, id, value)
  if due > now then
    call('zadd', DELAYED, due, char(priority) .. id .. tag)
    if call('zrange', DELAYED, 0, 0)[1] == char(priority) .. id .. tag then wake(WAKE) end
  else
    call(first and 'lpush' or 'rpush', KEYS[READY + priority], id .. tag)
    wake(WAKE)
  end
end

local function report(token, generation, attempt, used, crashes, started, id, how, worker, class, message, tail)
  return ZERO8 .. '\0\0\0\0\0\0' .. token .. pack('<I4I4I4I4I8', generation, attempt, used, crashes, started) .. id .. how .. worker
    .. char(#class) .. class .. pack('<I2', #message) .. message .. '\0\0\0\0' .. (tail or NO_TAIL)
end

-- The report of a job that ended while it waited.
local function idle_report(id, generation, used, crashes, how, class, message)
  return report(ZERO16, generation, 0, used, crashes, 0, id, how, ZERO16, class, message, nil)
end

-- Notes a transition for the ledger.
local function emit(version, due, how, blob)
  if not ledger then return end
  noted = noted + 1
  events[noted] = pack('<I8', version) .. now8 .. pack('<I8', due) .. how .. blob
end

-- Turns an entry into a tombstone that holds the version of the event which made it.
local function finish(id, version, generation4, how, blob, result)
  local version8 = pack('<I8', version)
  tombstones[buried + 1], tombstones[buried + 2] = id, 'T' .. version8 .. generation4 .. how .. result
  buried = buried + 2
  if ledger then
    noted = noted + 1
    events[noted] = version8 .. now8 .. ZERO8 .. how .. blob
  else
    kept = kept + 1
    held[kept] = id .. version8
  end
end

-- Starts the last seconds of tombstones. The list is in order of time, since every element is given the same stay.
local function hold(pairs_of)
  if #pairs_of > 0 then call('rpush', HOLD, pack('<I8', now + hold_ms) .. table.concat(pairs_of)) end
end

-- Releases tombstones whose time is over, at most so many elements of the hold list; returns how many were released,
-- and whether that bound was met.
local function sweep(most)
  local released = 0
  for _ = 1, most do
    local chunk = call('lindex', HOLD, 0)
    if not chunk or unpack_bytes('<I8', chunk) > now then return released, false end
    call('lpop', HOLD)
    local ids, versions, gone = {}, {}, {}
    for at = 9, #chunk, 24 do
      ids[#ids + 1] = sub(chunk, at, at + 15)
      versions[#versions + 1] = sub(chunk, at + 16, at + 23)
    end
    local values = call('hmget', JOBS, unpack(ids))
    for i, id in ipairs(ids) do
      local value = values[i]
      if value and byte(value, 1) == T and sub(value, 2, 9) == versions[i] then gone[#gone + 1] = id end
    end
    if #gone > 0 then released = released + call('hdel', JOBS, unpack(gone)) end
  end
  return released, true
end

-- Writes what `finish`, `emit` and `tick` have gathered.
local function commit()
  if buried > 0 then call('hset', JOBS, unpack(tombstones)) end
  if noted > 0 then
    call('rpush', EVENTS, unpack(events))
    wake(EVENTS_WAKE)
  end
  hold(held)
  call('hset', META, 'v', clock, 'n', math.max(alive, 0), 'b', math.max(bytes, 0))
  if completed + failed > 0 then
    local key = MINUTE .. ':' .. math.floor(now / 60000)
    if completed > 0 then call('hincrby', key, 'c', completed) end
    if failed > 0 then call('hincrby', key, 'f', failed) end
    call('expire', key, 3720)
  end
end
