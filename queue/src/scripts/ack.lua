-- The unusual cases of reports; what is read stands in ack_plain.lua.
ledger, hold_ms = ARGV[1] == '1', tonumber(ARGV[2])
open_meta()
bytes = bytes - ARGV[3]

local function back(id, outcome, argument, blob)
  local rec = record(call('hget', JOBS, id))
  if not rec then return end
  local attempt, crashes = unpack_bytes('<I2I1', rec, 25)
  local due, version, how = now, tick(0), 'S'
  if outcome == 'R' then
    due, attempt, how = now + argument, math.min(attempt + 1, 65535), 'R'
    failed = failed + 1
  elseif outcome == 'S' then
    due = now + argument
  elseif outcome == 'A' then
    due = math.max(now, argument)
  end
  place(id, rec, due, version, attempt, crashes, outcome == 'B')
  if outcome ~= 'B' then emit(version, due, how, blob) end
end

local function undecodable(id)
  local value = call('hget', JOBS, id)
  if value and call('hlen', UNDECODABLE) < 10000 then call('hset', UNDECODABLE, id, value) end
end

local RETURNS = { R = true, S = true, A = true, B = true }
local function take(id, run, blob)
  local outcome = sub(blob, 1, 1)
  local extras, size, argument = unpack_bytes('<I1I4I8', blob, 2)
  local returns = RETURNS[outcome]
  if not run then
    if not returns then bytes = bytes + size end
    if outcome ~= 'B' then emit(tick(0), 0, 'X', blob) end
    return '-'
  end
  if returns and sub(run, 47, 47) ~= '1' then
    back(id, outcome, argument, blob)
    return '+'
  end
  local how, result = outcome, ''
  if returns then
    how, bytes = 'K', bytes - size
  elseif outcome == 'U' then
    undecodable(id)
    how, failed = 'D', failed + 1
  elseif outcome == 'D' then
    failed = failed + 1
  elseif outcome == 'C' then
    completed = completed + 1
    if argument > 0 then result = sub(blob, argument) end
  end
  if extras > 0 then
    local rec = record(call('hget', JOBS, id))
    if rec then release(id, rec) end
  end
  alive = alive - 1
  finish(id, tick(0), sub(blob, 31, 34), how, blob, result)
  return returns and 'K' or '+'
end

local answers = {}
for k = 1, count do answers[k] = take(ids[k], runs[k], ARGV[3 + 2 * k]) end
commit()
if not ledger then sweep(2) end
return table.concat(answers)
