//! The workers that have shown themselves lately.

use uuid::Uuid;

use std::collections::HashMap;
use std::time::Duration;

use crate::client::Client;
use crate::error::{Error, Result};
use crate::link::{Call, Link};
use crate::name::{QueueName, Timestamp};
use crate::{keys, reply, script};

/// After how long a silent worker is no longer shown.
const SILENCE: Duration = Duration::from_secs(30);
/// How many workers are listed at most.
const MOST: isize = 1_000;

/// A worker process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerView {
    /// Random, of this run of the process.
    pub id: Uuid,
    /// The machine's name.
    pub host: String,
    /// The process id there.
    pub pid: u32,
    /// The program's version.
    pub version: String,
    /// When it started, by Redis's clock.
    pub started_at: Timestamp,
    /// When it last showed itself, by Redis's clock.
    pub seen_at: Timestamp,
    /// Resident memory in bytes; 0 if unknown.
    pub memory: u64,
    /// Whether it has been asked to take no more jobs.
    pub draining: bool,
    /// What it serves.
    pub queues: Vec<WorkerQueue>,
}

/// One queue that a worker serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerQueue {
    /// Which.
    pub queue: QueueName,
    /// Jobs that it holds.
    pub running: u32,
    /// How many it may hold.
    pub concurrency: u32,
    /// The kinds that it knows; empty for all.
    pub kinds: Vec<String>,
}

impl Client {
    /// The workers seen in the last 30 seconds, at most 1,000, ordered by id.
    ///
    /// # Errors
    /// As any command.
    pub async fn workers(&self) -> Result<Vec<WorkerView>> {
        let now = self.time().await?.timestamp().0;
        let oldest = now.saturating_sub(u64::try_from(SILENCE.as_millis()).unwrap_or(0));
        let mut range = redis::cmd("ZRANGEBYSCORE");
        range.arg(keys::workers(&self.config().prefix)).arg(oldest).arg("+inf").arg("LIMIT").arg(0).arg(MOST);
        let ids: Vec<String> = text(self.link().command(&range).await?)?;
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<Uuid> = ids.iter().filter_map(|id| Uuid::parse_str(id).ok()).collect();
        let mut read = redis::pipe();
        for id in &ids {
            read.hgetall(keys::worker(&self.config().prefix, *id));
        }
        let found: Vec<HashMap<String, String>> = self.link().pipeline(&read).await?;
        let mut views: Vec<_> =
            ids.iter().zip(&found).filter(|(_, f)| !f.is_empty()).map(|(id, f)| view(*id, f)).collect();
        views.sort_by_key(|view| view.id);
        Ok(views)
    }

    /// Asks a worker to take no more jobs (or, with `false`, to take jobs again). Returns whether there is such a worker.
    ///
    /// # Errors
    /// As any command.
    pub async fn drain(&self, worker: Uuid, on: bool) -> Result<bool> {
        let key = keys::worker(&self.config().prefix, worker);
        let mut exists = redis::cmd("EXISTS");
        exists.arg(&key);
        if reply::number(&self.link().command(&exists).await?)? == 0 {
            return Ok(false);
        }
        let mut set = redis::pipe();
        set.atomic().hset(&key, "drain", u8::from(on)).ignore();
        set.pexpire(&key, i64::try_from(SILENCE.as_millis()).unwrap_or(0)).ignore();
        let () = self.link().pipeline(&set).await?;
        Ok(true)
    }

    /// Shows a worker; returns whether it has been asked to take no more jobs.
    pub(crate) async fn show_worker(
        &self,
        link: &Link,
        worker: Uuid,
        age: Duration,
        fields: &[(String, String)],
    ) -> Result<bool> {
        let prefix = &self.config().prefix;
        let keys = [keys::workers(prefix), keys::worker(prefix, worker)];
        let mut call = Call::new(&script::WORKER, &keys, 16, 256);
        call.arg(worker.simple().to_string()).millis(SILENCE).millis(age);
        for (field, value) in fields {
            call.arg(field).arg(value);
        }
        Ok(reply::number(&link.run(&call).await?)? == 1)
    }

    /// Takes a queue of a worker, and with the last one the worker, from the registry.
    pub(crate) async fn hide_worker(&self, worker: Uuid, queue: &QueueName) -> Result<()> {
        let prefix = &self.config().prefix;
        let key = keys::worker(prefix, worker);
        let mut remove = redis::pipe();
        remove.hdel(&key, format!("q:{queue}")).ignore().hkeys(&key);
        let (left,): (Vec<String>,) = self.link().pipeline(&remove).await?;
        if !left.iter().any(|field| field.starts_with("q:")) {
            let mut remove = redis::pipe();
            remove.atomic().del(&key).ignore();
            remove.zrem(keys::workers(prefix), worker.simple().to_string()).ignore();
            let () = self.link().pipeline(&remove).await?;
        }
        Ok(())
    }
}

fn text<T: redis::FromRedisValue>(value: redis::Value) -> Result<T> {
    redis::from_redis_value(value).map_err(|_| Error::Corrupt("a worker that cannot be read"))
}

/// The fields of a worker's hash; those of a queue are named `q:<queue>` and hold `running/concurrency/kind,kind`.
fn view(id: Uuid, fields: &HashMap<String, String>) -> WorkerView {
    let field = |name: &str| fields.get(name).map_or("", String::as_str);
    let mut queues: Vec<WorkerQueue> =
        fields.iter().filter_map(|(name, value)| queue_view(name.strip_prefix("q:")?, value)).collect();
    queues.sort_by(|a, b| a.queue.cmp(&b.queue));
    WorkerView {
        id,
        host: field("host").to_owned(),
        pid: field("pid").parse().unwrap_or(0),
        version: field("version").to_owned(),
        started_at: Timestamp(field("started").parse().unwrap_or(0)),
        seen_at: Timestamp(field("seen").parse().unwrap_or(0)),
        memory: field("memory").parse().unwrap_or(0),
        draining: field("drain") == "1",
        queues,
    }
}

fn queue_view(name: &str, value: &str) -> Option<WorkerQueue> {
    let mut parts = value.splitn(3, '/');
    let running = parts.next()?.parse().ok()?;
    let concurrency = parts.next()?.parse().ok()?;
    let kinds = parts.next()?.split(',').filter(|k| !k.is_empty()).map(str::to_owned).collect();
    Some(WorkerQueue { queue: name.parse().ok()?, running, concurrency, kinds })
}
