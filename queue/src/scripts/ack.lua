-- Takes the reports of runs, each of which counts only with the token of the fetch that it came from.
--
-- KEYS   all
-- ARGV   '1' with a ledger, stay of tombstones in ms, then per run: id, outcome, argument, size of the record, report
--        outcome: C completed (argument: the result, without a ledger), D dead, K cancelled by the handler, U undecodable,
--        each followed by x if the record has flags; R retry (argument: pause in ms), S snooze (pause in ms),
--        A snooze (until ms), B hand back
-- result one letter a run: '+' taken, 'K' taken but ended as cancelled, '-' stale
-- cost   O(runs), O(log) for the leases; at most 500 runs a call
ledger, hold_ms = ARGV[1] == '1', tonumber(ARGV[2])
open_meta()
local ids, current, answers = {}, {}, {}
for i = 3, #ARGV, 5 do ids[#ids + 1] = ARGV[i] end
local runs = call('hmget', RUNNING, unpack(ids))
for k, id in ipairs(ids) do
  local run = runs[k]
  if run and sub(run, 1, 16) == sub(ARGV[2 + 5 * k], 1, 16) then current[#current + 1] = id else runs[k] = false end
end
-- what frees memory comes first: a server that is out of it still takes reports
if #current > 0 then
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

for k, id in ipairs(ids) do
  local at = 5 * k - 2
  local outcome, argument, size, blob = ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], ARGV[at + 4]
  local letter, run = sub(outcome, 1, 1), runs[k]
  if not run then
    answers[k] = '-'
    if letter ~= 'B' then emit(tick(0), 0, 'X', blob) end
  else
    answers[k] = '+'
    local returns = letter == 'R' or letter == 'S' or letter == 'A' or letter == 'B'
    if returns and sub(run, 47, 47) ~= '1' then
      back(id, letter, tonumber(argument), blob)
    else
      local how, result = letter, ''
      if returns then
        how, answers[k] = 'K', 'K'
      elseif letter == 'U' then
        undecodable(id)
        how = 'D'
      elseif letter == 'C' then
        result = argument
      end
      if how == 'C' then completed = completed + 1 elseif how == 'D' then failed = failed + 1 end
      if returns or #outcome > 1 then
        local rec = record(call('hget', JOBS, id))
        if rec then release(id, rec) end
      end
      alive, bytes = alive - 1, bytes - size
      finish(id, tick(0), sub(blob, 17, 20), how, blob, result)
    end
  end
end
commit()
if not ledger then sweep(2) end
return table.concat(answers)
