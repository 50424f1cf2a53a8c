-- A worker shows itself.
--
-- KEYS   1 zset of workers by the ms when each was last seen, 2 hash of this worker
-- ARGV   id, ms after which a silent worker is dropped, ms since it started, then fields and values to set
-- result 1 if the worker has been asked to take no more jobs, else 0
-- cost   O(fields), O(log workers); at most 100 silent workers are dropped a call
local time = redis.call('time')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('zadd', KEYS[1], now, ARGV[1])
for _, id in ipairs(redis.call('zrangebyscore', KEYS[1], '-inf', now - ARGV[2], 'limit', 0, 100)) do redis.call('zrem', KEYS[1], id) end
redis.call('hset', KEYS[2], 'seen', now, 'started', now - ARGV[3], unpack(ARGV, 4))
redis.call('pexpire', KEYS[2], ARGV[2])
return redis.call('hget', KEYS[2], 'drain') == '1' and 1 or 0
