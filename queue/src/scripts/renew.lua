-- Prolongs leases and keeps the progress of runs.
--
-- KEYS   all
-- ARGV   lease in ms, then per run: id, token, progress ('': unchanged)
-- result one letter a run: '+' prolonged, 'K' prolonged and asked to stop, '-' stale
-- cost   O(runs), O(log) for the leases; at most 1,000 runs a call
local ends, ids, answers, leases = now + ARGV[1], {}, {}, {}
for i = 2, #ARGV, 3 do ids[#ids + 1] = ARGV[i] end
local runs = call('hmget', RUNNING, unpack(ids))
for k, id in ipairs(ids) do
  local run, token, progress = runs[k], ARGV[3 * k], ARGV[3 * k + 1]
  if run and sub(run, 1, 16) == token then
    answers[k] = sub(run, 47, 47) == '1' and 'K' or '+'
    leases[#leases + 1] = ends
    leases[#leases + 1] = id
    if progress ~= '' then call('hset', PROGRESS, id, progress) end
  else
    answers[k] = '-'
  end
end
if #leases > 0 then call('zadd', LEASES, unpack(leases)) end
return table.concat(answers)
