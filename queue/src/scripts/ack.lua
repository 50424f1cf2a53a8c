-- Takes the reports of runs, each of which counts only with the token of the fetch that it came from.
--
-- KEYS   all
-- ARGV   '1' with a ledger, stay of tombstones in ms, size of the records of all runs that ended, then per run: id, report
--        outcome of a report: C completed (argument: where the result begins, without a ledger), D dead, K cancelled by the
--        handler, U undecodable; R retry (argument: pause in ms), S snooze (pause in ms), A snooze (until ms), B hand back
-- result one letter a run: '+' taken, 'K' taken but ended as cancelled, '-' stale
-- cost   O(runs), O(log) for the leases; at most 500 runs a call
ledger, hold_ms = ARGV[1] == '1', tonumber(ARGV[2])
open_meta()
bytes = bytes - ARGV[3]
local count = (#ARGV - 3) / 2
local ids, current, answers, stale = {}, {}, {}, 0
for k = 1, count do ids[k] = ARGV[2 + 2 * k] end
local runs = call('hmget', RUNNING, unpack(ids))
for k = 1, count do
  local run = runs[k]
  if run and sub(run, 1, 16) == sub(ARGV[3 + 2 * k], 15, 30) then
    current[k - stale] = ids[k]
  else
    stale, runs[k] = stale + 1, false
  end
end
-- what frees memory comes first: a server that is out of it still takes reports
if stale < count then
  call('hdel', RUNNING, unpack(current))
  call('zrem', LEASES, unpack(current))
  call('hdel', PROGRESS, unpack(current))
end

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

local completion = now8 .. ZERO8 .. 'C'
for k = 1, count do
  local id, blob, run = ids[k], ARGV[3 + 2 * k], runs[k]
  -- most runs just complete: the same as `take` does, without its questions
  if run and ledger and byte(blob, 1) == 67 and byte(blob, 2) == 0 then
    clock = clock + 1
    local version8 = pack('<I8', clock)
    tombstones[buried + 1], tombstones[buried + 2] = id, 'T' .. version8 .. sub(blob, 31, 34) .. 'C'
    buried, noted = buried + 2, noted + 1
    events[noted] = version8 .. completion .. blob
    completed, alive = completed + 1, alive - 1
    answers[k] = '+'
  else
    answers[k] = take(id, run, blob)
  end
end
commit()
if not ledger then sweep(2) end
return table.concat(answers)
