//! What happens to Redis, and the passing of time, brought about by commands past the client: what a clock or a fault would
//! leave in Redis is written there.

use super::world::World;
use gotong_queue::Reaped;
use harness::{LONG, eventually, redis_command};

/// The run of the server from before its last restart.
pub const EARLIER: &str = "an-earlier-run";

impl World {
    /// A Lua script; `KEYS` are the named keys of the queue, `ARGV[1]` is the prefix of all keys.
    fn eval(&self, script: &str, keys: &[&str]) {
        let prefix = self.client.config().prefix.clone();
        let keys: Vec<String> = keys.iter().map(|key| format!("{prefix}:{{{}}}:{key}", self.queue)).collect();
        let count = keys.len().to_string();
        let mut words = vec!["EVAL", script, &count];
        words.extend(keys.iter().map(String::as_str));
        words.push(&prefix);
        let reply = redis_command(self.redis, &words).unwrap();
        assert!(!reply.starts_with('-'), "{script}: {reply}");
    }

    /// `FLUSHALL`, for this queue.
    pub fn flush(&self) {
        self.eval("for _, k in ipairs(redis.call('keys', ARGV[1] .. ':*')) do redis.call('del', k) end", &[]);
    }

    /// What a snapshot of this moment holds.
    pub fn save(&self) {
        let copy = "for _, k in ipairs(redis.call('keys', ARGV[1] .. ':*')) do
            redis.call('copy', k, 'saved-' .. k, 'replace') end";
        self.eval(copy, &[]);
    }

    /// What the server that comes back from the snapshot holds. It has another run than the one for which it was open, which
    /// is the same as if that had been another run than this one.
    pub fn restart(&self) {
        self.flush();
        let restore = "for _, k in ipairs(redis.call('keys', 'saved-' .. ARGV[1] .. ':*')) do
            redis.call('rename', k, string.sub(k, 7)) end
            if redis.call('hexists', KEYS[1], 'o') == 1 then redis.call('hset', KEYS[1], 'o', 'an-earlier-run') end";
        self.eval(restore, &["meta"]);
    }

    /// The job's entry is gone, with whatever ran of it.
    pub fn lose_entry(&self) {
        self.eval("redis.call('del', unpack(KEYS))", &["jobs", "running", "leases"]);
    }

    /// Every lease is over.
    pub async fn expire_leases(&self) {
        let expire =
            "for _, id in ipairs(redis.call('zrange', KEYS[1], 0, -1)) do redis.call('zadd', KEYS[1], 0, id) end";
        self.eval(expire, &["leases"]);
        // Until a lease has passed since the server started, the reaper leaves them alone.
        self.reap_until(|reaped| reaped.returned + reaped.cancelled > 0).await;
    }

    /// The time of the waiting job is over.
    pub async fn expire_job(&self) {
        let expire = "for _, id in ipairs(redis.call('hkeys', KEYS[1])) do redis.call('zadd', KEYS[2], 0, id) end";
        self.eval(expire, &["jobs", "expiry"]);
        self.reap_until(|reaped| reaped.expired > 0).await;
    }

    /// The last seconds of every tombstone that is to go are over.
    pub async fn expire_tombstones(&self) {
        let expire = "local all = redis.call('lrange', KEYS[1], 0, -1)
            redis.call('del', KEYS[1])
            for _, e in ipairs(all) do redis.call('rpush', KEYS[1], string.rep('\\0', 8) .. string.sub(e, 9)) end";
        self.eval(expire, &["hold"]);
        self.reap_until(|reaped| reaped.released > 0).await;
    }

    async fn reap_until(&self, done: impl Fn(&Reaped) -> bool) {
        eventually("the reaper finds it", LONG, async || {
            let reaped = self.client.reap(&self.queue, 100).await.unwrap();
            done(&reaped).then_some(())
        })
        .await;
    }
}
