-- Deletes events that are recorded, and starts the last seconds of the tombstones that they made.
--
-- KEYS   all
-- ARGV   stay of tombstones in ms, the events' versions (8 bytes each, oldest first), id and version of each that ended
--        its job (24 bytes each)
-- result how many events were deleted
-- cost   O(events); at most 1,000 a call
--
-- Events are only ever appended, with growing versions, and deleted from the head. So if both ends of the batch stand
-- where they were read, all between them does too.
hold_ms = tonumber(ARGV[1])
local versions = ARGV[2]
local count, deleted = #versions / 8, 0
local function at(index) return sub(call('lindex', EVENTS, index) or '', 1, 8) end
if at(0) == sub(versions, 1, 8) and at(count - 1) == sub(versions, -8) then
  deleted = count
else
  -- another recorder was here: only what stands at the head and is in the batch
  local mine = {}
  for i = 1, #versions, 8 do mine[sub(versions, i, i + 7)] = true end
  for _, event in ipairs(call('lrange', EVENTS, 0, count - 1)) do
    if not mine[sub(event, 1, 8)] then break end
    deleted = deleted + 1
  end
end
if deleted > 0 then call('ltrim', EVENTS, deleted, -1) end
if #ARGV[3] > 0 then hold({ ARGV[3] }) end
sweep(4)
return deleted
