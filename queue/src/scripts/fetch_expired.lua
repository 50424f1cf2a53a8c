-- Ends what a fetch found past its time.
ledger, hold_ms = with_ledger, tonumber(ARGV[7])
open_meta()
for i = 1, #expired, 2 do
  local id, value = expired[i], expired[i + 1]
  local generation, last, attempt, crashes = unpack_bytes('<I4I8I2I1', value, 13)
  alive, bytes = alive - 1, bytes - #value
  release(id, value)
  finish(id, tick(last), pack('<I4', generation), 'E',
    idle_report(id, generation, attempt, crashes, 'E', 'expired', 'it was still waiting at its expires_at'), '')
end
commit()
return out
