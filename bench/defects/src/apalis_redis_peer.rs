//! `apalis-redis`, as its documentation shows it, but asked for work every 20 ms; its default would take seconds to notice.

use std::time::Duration;

use anyhow::{Context as _, Result};
use apalis::prelude::*;
use apalis_core::backend::ext::BackendExt;
use apalis_core::backend::{Filter, ListAllTasks, ListQueues, ListTasks, ListWorkers, Metrics, TaskSink, Vacuum};
use apalis_core::task::builder::TaskBuilder;
use apalis_redis::{Config, RedisStorage};
use redis::aio::ConnectionManager;
use serde::{Deserialize, Serialize};

use crate::peer::{Handler, Left, Peer, Push, Settings, Work};

const QUEUE: &str = "defects";

#[derive(Clone, Debug, Deserialize, Serialize)]
struct Numbered {
    n: u64,
}

pub struct ApalisRedis {
    connection: ConnectionManager,
    settings: Settings,
}

impl ApalisRedis {
    fn storage(&self, concurrency: Option<usize>) -> RedisStorage<Numbered> {
        let mut config = Config::default().queue(QUEUE).persist_results(self.settings.results);
        if self.settings.quick {
            config = config.heartbeat_interval(Duration::from_secs(1)).missed_heartbeats(2);
        }
        if concurrency.is_some_and(|concurrency| concurrency > 10) {
            config = config.batch_size(concurrency.unwrap_or(10));
        }
        RedisStorage::new(self.connection.clone()).with_config(config)
    }

    async fn ask<T: redis::FromRedisValue>(&self, words: &[&str]) -> Result<T> {
        let mut command = redis::cmd(words[0]);
        for word in &words[1..] {
            command.arg(*word);
        }
        Ok(command.query_async(&mut self.connection.clone()).await?)
    }

    async fn count(&self, command: &str, key: &str) -> Result<u64> {
        self.ask(&[command, key]).await
    }
}

impl Peer for ApalisRedis {
    const NAME: &'static str = "apalis-redis";

    async fn open(url: &str, settings: Settings) -> Result<Self> {
        let connection = apalis_redis::connect(url).await.context("apalis-redis cannot connect")?;
        Ok(Self { connection, settings })
    }

    async fn push(&self, jobs: &[Push]) -> Result<usize> {
        let mut storage = self.storage(None);
        let is_plain = |job: &Push| job.unique.is_none() && job.priority.is_none();
        if self.settings.attempts == Settings::default().attempts && jobs.iter().all(is_plain) {
            for chunk in jobs.chunks(1_000) {
                storage.push_bulk(chunk.iter().map(|job| Numbered { n: job.n }).collect()).await?;
            }
            return Ok(0);
        }
        let mut refused = 0;
        for job in jobs {
            let mut task = TaskBuilder::new(Numbered { n: job.n }).max_attempts(self.settings.attempts as usize);
            if let Some(key) = job.unique {
                task = task.idempotency_key(key);
            }
            if let Some(priority) = job.priority {
                task = task.priority(priority.into());
            }
            refused += usize::from(storage.push_task(task.build()).await.is_err());
        }
        Ok(refused)
    }

    async fn work(&self, name: &str, concurrency: Option<usize>, handler: Handler) -> Result<Work> {
        let storage = self.storage(concurrency).poll_with_interval(Duration::from_millis(20));
        let run = move |job: Numbered| {
            let run = handler(job.n);
            async move { run.await.map_err(std::io::Error::other) }
        };
        let builder = WorkerBuilder::new(name).backend(storage).catch_panic().timeout(self.settings.timeout);
        Ok(if let Some(concurrency) = concurrency {
            tokio::spawn(builder.concurrency(concurrency).build(run).run())
        } else {
            tokio::spawn(builder.build(run).run())
        })
    }

    async fn spoil(&self) -> Result<()> {
        let id = "01KB0000000000000000000000";
        let meta = format!("{QUEUE}:meta:{id}");
        let () = self.ask::<u32>(&["HSET", &format!("{QUEUE}:data"), id, "not a job"]).await.map(drop)?;
        let state = ["HSET", &meta, "attempts", "0", "max_attempts", "5", "status", "Pending"];
        let () = self.ask::<u32>(&state).await.map(drop)?;
        self.ask::<u32>(&["RPUSH", &format!("{QUEUE}:active"), id]).await.map(drop)
    }

    async fn maintain(&self) -> Result<()> {
        self.storage(None).vacuum().await?;
        Ok(())
    }

    async fn inspect(&self) -> Vec<(&'static str, Result<(), String>)> {
        let storage = self.storage(None);
        let filter = Filter { status: None, page: 1, page_size: Some(10) };
        let said = |result: Result<(), apalis_redis::Error>| result.map_err(|error| error.to_string());
        vec![
            ("list_tasks", said(storage.list_tasks(&filter).await.map(drop))),
            ("list_all_tasks", said(storage.list_all_tasks(&filter).await.map(drop))),
            ("fetch_by_queue", said(storage.fetch_by_queue().await.map(drop))),
            ("global", said(storage.global().await.map(drop))),
            ("list_queues", said(storage.list_queues().await.map(drop))),
            ("list_workers", said(storage.list_workers().await.map(drop))),
            ("list_all_workers", said(storage.list_all_workers().await.map(drop))),
        ]
    }

    async fn left(&self) -> Result<Left> {
        let waiting = self.count("ZCARD", &format!("{QUEUE}:scheduled")).await?
            + self.count("LLEN", &format!("{QUEUE}:active")).await?;
        let mut running = 0;
        for key in self.ask::<Vec<String>>(&["KEYS", &format!("{QUEUE}:inflight:*")]).await? {
            running += self.count("SCARD", &key).await?;
        }
        let dead = self.count("SCARD", &format!("{QUEUE}:dead")).await?;
        Ok(Left { waiting, running, dead })
    }
}
