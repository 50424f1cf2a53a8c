-- The oldest events, with the epoch of the moment.
--
-- KEYS   all
-- ARGV   most events
-- result epoch ('': none), then the events, oldest first
-- cost   O(events); at most 1,000 a call
--
-- A transaction would do as well, but a server that is out of memory refuses transactions.
local events = call('lrange', EVENTS, 0, ARGV[1] - 1)
return { call('hget', META, 'e') or '', unpack(events) }
