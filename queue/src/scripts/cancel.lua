-- Cancels a generation of a job: at once if it waits (or, with a ledger, is unknown), by a flag if it runs.
--
-- KEYS   all
-- ARGV   '1' with a ledger, stay of tombstones in ms, epoch ('': none), deadline in µs, id, generation, version
-- result ended, flagged, over (ended before), newer, stale, unknown
-- cost   O(1), O(log delayed)
ledger, hold_ms = ARGV[1] == '1', tonumber(ARGV[2])
local epoch, id, generation = ARGV[3], ARGV[5], tonumber(ARGV[6])
if ledger and (call('hget', META, 'e') ~= epoch or now_us > tonumber(ARGV[4])) then return 'stale' end
open_meta()
local value = call('hget', JOBS, id)
local known, rec = generation_of(value), record(value)
if known > generation then return 'newer' end
if known == generation and not rec then return 'over' end
if not rec and not ledger then return 'unknown' end
local run = rec and call('hget', RUNNING, id)
if run and known == generation then
  call('hset', RUNNING, id, sub(run, 1, 46) .. '1' .. sub(run, 48))
  local hexadecimal = string.gsub(sub(run, 17, 32), '.', function(c) return string.format('%02x', byte(c)) end)
  local control = CONTROL .. ':' .. hexadecimal
  wake(control)
  call('expire', control, 60)
  return 'flagged'
end
if known < generation and not ledger then return 'unknown' end
local last, attempt, crashes = tonumber(ARGV[7]), 0, 0
if rec then
  local _, version
  _, version, attempt, crashes = unpack_bytes('<I4I8I2I1', rec, 13)
  if known == generation then last = math.max(last, version) end
  displace(id, value)
end
finish(id, tick(last), pack('<I4', generation), 'K', idle_report(id, generation, attempt, crashes, 'K', '', ''), '')
commit()
return 'ended'
