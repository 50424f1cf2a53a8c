-- Sets the epoch, and pauses: what decides whether workers may fetch.
--
-- KEYS   all
-- ARGV   set, the epoch that must stand ('': none), the new one, the run for which it is open ('': closed); or
--        open, the epoch that must stand, the run; or pause; or resume; or poke (only wakes an idle worker if there is work)
-- result 1 if this changed anything, else 0
-- cost   O(1)
local operation, changed = ARGV[1], 0
local epoch = call('hget', META, 'e') or ''
if operation == 'pause' then
  changed = call('hset', META, 'p', '1')
elseif operation == 'resume' then
  changed = call('hdel', META, 'p')
elseif operation == 'poke' then
  changed = call('exists', KEYS[7], KEYS[8], KEYS[9], KEYS[10], KEYS[11]) > 0 and 1 or 0
elseif epoch == ARGV[2] and operation == 'set' then
  call('hset', META, 'e', ARGV[3])
  if ARGV[4] == '' then call('hdel', META, 'o') else call('hset', META, 'o', ARGV[4]) end
  changed = 1
elseif epoch == ARGV[2] and operation == 'open' then
  call('hset', META, 'o', ARGV[3])
  changed = 1
end
if changed == 1 and call('llen', WAKE) == 0 then call('rpush', WAKE, '1') end
return changed
