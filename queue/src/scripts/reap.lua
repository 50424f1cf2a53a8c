-- The work of a pass; what there is to do stands in reap_plain.lua.
ledger, hold_ms = ARGV[1] == '1', tonumber(ARGV[2])
local most_crashes = tonumber(ARGV[4])
local OVERDUE = 'it was still waiting at its expires_at'
local returned, quarantined, cancelled, expired, promoted, orphans = 0, 0, 0, 0, 0, 0

-- Jobs that lost a lease together are fetched together, and one that kills its worker would take the others along until
-- all are quarantined. So from the second loss on they return spread over a lease, by what is random in their ids.
local function stagger(id, crashes)
  if crashes < 2 then return now end
  return now + math.floor((byte(id, 15) * 256 + byte(id, 16)) / 65536 * ARGV[6])
end

local function lose(id)
  local run, rec = call('hget', RUNNING, id), record(call('hget', JOBS, id))
  local tail = call('hget', PROGRESS, id) or nil
  call('zrem', LEASES, id)
  call('hdel', RUNNING, id)
  call('hdel', PROGRESS, id)
  if not run or not rec then
    orphans = orphans + 1
    return
  end
  local generation, _, attempt, crashes = unpack_bytes('<I4I8I2I1', rec, 13)
  local started, version = unpack_bytes('<I6', run, 41), tick(0)
  crashes = math.min(crashes + 1, 255)
  local how = 'L'
  if sub(run, 47, 47) == '1' then how = 'K' elseif crashes >= most_crashes then how = 'Q' end
  local blob = report(sub(run, 1, 16), generation, attempt + 1, attempt, crashes, started, id, 'L', sub(run, 17, 32), 'lease_lost',
    'the worker stopped renewing its lease', tail)
  if how == 'L' then
    returned, failed = returned + 1, failed + 1
    local due = stagger(id, crashes)
    place(id, rec, due, version, attempt, crashes, true)
    emit(version, due, 'L', blob)
    return
  end
  if how == 'K' then cancelled = cancelled + 1 else quarantined, failed = quarantined + 1, failed + 1 end
  alive, bytes = alive - 1, bytes - #rec
  release(id, rec)
  finish(id, version, sub(rec, 13, 16), how, blob, '')
end

-- A running job is left alone: it expires when it waits again.
local function expire(id)
  call('zrem', EXPIRY, id)
  local value = call('hget', JOBS, id)
  local rec, parking = record(value)
  if not rec or parking or call('hexists', RUNNING, id) == 1 then return end
  local generation, last, attempt, crashes = unpack_bytes('<I4I8I2I1', rec, 13)
  displace(id, value)
  finish(id, tick(last), sub(rec, 13, 16), 'E', idle_report(id, generation, attempt, crashes, 'E', 'expired', OVERDUE), '')
  expired = expired + 1
end

if #lost + #past > 0 then open_meta() end
for _, id in ipairs(lost) do lose(id) end
for _, id in ipairs(past) do expire(id) end
for _, element in ipairs(due) do
  call('zrem', DELAYED, element)
  call('rpush', KEYS[READY + byte(element, 1)], sub(element, 2))
  promoted = promoted + 1
end
if promoted > 0 then wake(WAKE) end
if #lost + #past > 0 then commit() end
local released, swept = sweep(4)
local more = (#lost == most or #past == most or #due == most or swept) and 1 or 0
return { returned, quarantined, cancelled, expired, promoted, released, orphans, more }
