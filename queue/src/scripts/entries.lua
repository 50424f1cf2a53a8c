-- What is known of some jobs.
--
-- KEYS   all
-- ARGV   ids
-- result per id: the entry (of a live one its first 45 bytes), the state of its run, the end of its lease in ms, its
--        progress; '' for what is not there
-- cost   O(ids); at most 1,000 a call
local out = {}
local values, runs = call('hmget', JOBS, unpack(ARGV)), call('hmget', RUNNING, unpack(ARGV))
for i, id in ipairs(ARGV) do
  local value, run = values[i] or '', runs[i] or ''
  if byte(value, 1) ~= T then value = sub(value, 1, 45) end
  out[4 * i - 3], out[4 * i - 2], out[4 * i - 1], out[4 * i] = value, run, '', ''
  if run ~= '' then
    out[4 * i - 1] = call('zscore', LEASES, id) or ''
    out[4 * i] = call('hget', PROGRESS, id) or ''
  end
end
return out
