//! One function a scenario: what happened, and whether it is what a queue should do. Each gets a queue on an empty server.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::peer::{Left, Peer, Push, Runs, Settings, Work, handler, wait};
use crate::server::Server;

/// How a scenario ended.
pub struct Outcome {
    pub said: String,
    pub sound: bool,
}

fn outcome(sound: bool, said: impl Into<String>) -> Outcome {
    Outcome { said: said.into(), sound }
}

fn numbered(count: u64) -> Vec<Push> {
    (0..count).map(|n| Push { n, ..Push::default() }).collect()
}

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Whether the worker still runs, in words.
fn state(work: &Work) -> &'static str {
    if work.is_finished() { "the worker ended" } else { "the worker goes on" }
}

pub async fn backlog<P: Peer>(server: &Server) -> Result<Outcome> {
    let peer = P::open(&server.url(), Settings::default()).await?;
    peer.push(&numbered(10_000)).await?;
    let runs = Runs::default();
    let counted = Arc::new(AtomicUsize::new(0));
    let count = counted.clone();
    let work = peer.work(
        "w",
        Some(50),
        Arc::new(move |_| {
            count.fetch_add(1, Ordering::Relaxed);
            Box::pin(async { Ok(()) })
        }),
    );
    let work = work.await?;
    wait(secs(8), async || counted.load(Ordering::Relaxed) >= 10_000 || work.is_finished()).await;
    let done = counted.load(Ordering::Relaxed) + runs.total();
    let text = format!("{done} of 10000 run, {}", state(&work));
    work.abort();
    Ok(outcome(done == 10_000, text))
}

pub async fn unique<P: Peer>(server: &Server) -> Result<Outcome> {
    let peer = P::open(&server.url(), Settings::default()).await?;
    let jobs: Vec<Push> = (0..5).map(|n| Push { n, unique: Some("same"), ..Push::default() }).collect();
    let told = peer.push(&jobs).await?;
    let Left { waiting, .. } = peer.left().await?;
    Ok(outcome(waiting == 1 && told == 4, format!("{waiting} queued, the pusher told of {told} refusals")))
}

pub async fn timeout<P: Peer>(server: &Server) -> Result<Outcome> {
    let settings = Settings { timeout: Duration::from_millis(200), ..Settings::default() };
    let peer = P::open(&server.url(), settings).await?;
    peer.push(&numbered(1)).await?;
    let runs = Runs::default();
    let work = peer.work(
        "w",
        Some(2),
        handler(&runs, |_, before| async move {
            if before == 0 {
                tokio::time::sleep(secs(30)).await;
            }
            Ok(())
        }),
    );
    let work = work.await?;
    wait(secs(8), async || runs.total() >= 2).await;
    let Left { dead, .. } = peer.left().await?;
    work.abort();
    Ok(outcome(runs.total() == 2, format!("{} runs, {dead} dead", runs.total())))
}

pub async fn panic<P: Peer>(server: &Server) -> Result<Outcome> {
    let peer = P::open(&server.url(), Settings::default()).await?;
    peer.push(&numbered(2)).await?;
    let runs = Runs::default();
    let work = peer.work(
        "w",
        Some(2),
        handler(&runs, |n, before| async move {
            assert!(n != 0 || before != 0, "as the scenario wants it");
            Ok(())
        }),
    );
    let work = work.await?;
    wait(secs(8), async || runs.total() >= 3).await;
    let text = format!("runs by job {:?}, {}", runs.counts(), state(&work));
    let sound = runs.counts() == [(0, 2), (1, 1)].into() && !work.is_finished();
    work.abort();
    Ok(outcome(sound, text))
}

pub async fn attempts<P: Peer>(server: &Server) -> Result<Outcome> {
    let peer = P::open(&server.url(), Settings { attempts: 2, ..Settings::default() }).await?;
    peer.push(&numbered(1)).await?;
    let runs = Runs::default();
    let work = peer.work("w", Some(1), handler(&runs, |_, _| async { Err("never works".into()) })).await?;
    wait(secs(14), async || peer.left().await.is_ok_and(|left| left.dead > 0)).await;
    tokio::time::sleep(secs(1)).await;
    let Left { dead, .. } = peer.left().await?;
    work.abort();
    Ok(outcome(runs.total() == 2 && dead == 1, format!("{} runs, {dead} dead", runs.total())))
}

pub async fn inspection<P: Peer>(server: &Server) -> Result<Outcome> {
    let peer = P::open(&server.url(), Settings::default()).await?;
    peer.push(&numbered(5)).await?;
    let runs = Runs::default();
    let work = peer.work("w", Some(1), handler(&runs, |_, _| async { Ok(()) })).await?;
    wait(secs(5), async || runs.total() >= 5).await;
    peer.push(&numbered(5)).await?;
    let looks = peer.inspect().await;
    work.abort();
    let failed: Vec<String> =
        looks.iter().filter_map(|(name, said)| said.as_ref().err().map(|_| (*name).to_owned())).collect();
    let text = match &failed[..] {
        [] => format!("all {} ways work", looks.len()),
        failed => format!("{} of {} fail: {}", failed.len(), looks.len(), failed.join(", ")),
    };
    Ok(outcome(failed.is_empty(), text))
}

pub async fn unkept_results<P: Peer>(server: &Server) -> Result<Outcome> {
    let peer = P::open(&server.url(), Settings { results: false, ..Settings::default() }).await?;
    peer.push(&numbered(5)).await?;
    let runs = Runs::default();
    let work = peer.work("w", Some(2), handler(&runs, |_, _| async { Ok(()) })).await?;
    wait(secs(5), async || runs.total() >= 5).await;
    wait(secs(2), async || peer.left().await.is_ok_and(|left| left.running == 0)).await;
    let Left { running, .. } = peer.left().await?;
    work.abort();
    Ok(outcome(running == 0, format!("{} run, {running} still in flight after", runs.total())))
}

pub async fn slow_jobs<P: Peer>(server: &Server) -> Result<Outcome> {
    let peer = P::open(&server.url(), Settings { quick: true, ..Settings::default() }).await?;
    peer.push(&numbered(4)).await?;
    let runs = Runs::default();
    let slow = handler(&runs, |_, _| async {
        tokio::time::sleep(secs(3)).await;
        Ok(())
    });
    let first = peer.work("a", Some(1), slow.clone()).await?;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let second = peer.work("b", Some(1), slow).await?;
    tokio::time::sleep(secs(15)).await;
    let (total, distinct) = (runs.total(), runs.counts().len());
    first.abort();
    second.abort();
    Ok(outcome((total, distinct) == (4, 4), format!("{total} runs of {distinct} jobs by two live workers")))
}

pub async fn same_name<P: Peer>(server: &Server) -> Result<Outcome> {
    let peer = P::open(&server.url(), Settings::default()).await?;
    let runs = Runs::default();
    let done = handler(&runs, |_, _| async { Ok(()) });
    let first = peer.work("same", Some(1), done.clone()).await?;
    tokio::time::sleep(secs(1)).await;
    first.abort();
    let second = peer.work("same", Some(1), done).await?;
    peer.push(&numbered(1)).await?;
    wait(secs(5), async || runs.total() > 0).await;
    let text = format!("{} of 1 run, {}", runs.total(), state(&second));
    second.abort();
    Ok(outcome(runs.total() == 1, text))
}

pub async fn maintenance<P: Peer>(server: &Server) -> Result<Outcome> {
    let peer = P::open(&server.url(), Settings::default()).await?;
    peer.push(&numbered(1)).await?;
    let runs = Runs::default();
    let work = peer.work(
        "w",
        Some(1),
        handler(&runs, |_, before| async move { if before == 0 { Err("not the first time".into()) } else { Ok(()) } }),
    );
    let work = work.await?;
    wait(secs(5), async || runs.total() > 0).await;
    wait(secs(2), async || peer.left().await.is_ok_and(|left| left.waiting > 0)).await;
    let said = peer.maintain().await.map_or_else(|error| format!("; maintenance failed: {error}"), |()| String::new());
    wait(secs(9), async || runs.total() >= 2).await;
    work.abort();
    Ok(outcome(runs.total() == 2, format!("{} runs{said}", runs.total())))
}

pub async fn unreadable<P: Peer>(server: &Server) -> Result<Outcome> {
    let peer = P::open(&server.url(), Settings::default()).await?;
    peer.spoil().await?;
    peer.push(&numbered(3)).await?;
    let runs = Runs::default();
    let work = peer.work("w", Some(1), handler(&runs, |_, _| async { Ok(()) })).await?;
    wait(secs(4), async || runs.total() >= 3).await;
    let text = format!("{} of 3 good ones run, {}", runs.total(), state(&work));
    work.abort();
    Ok(outcome(runs.total() == 3, text))
}

pub async fn priorities<P: Peer>(server: &Server) -> Result<Outcome> {
    let peer = P::open(&server.url(), Settings::default()).await?;
    let jobs: Vec<Push> = (0..5).map(|n| Push { n: n.into(), priority: Some(n), ..Push::default() }).collect();
    peer.push(&jobs).await?;
    let runs = Runs::default();
    let work = peer.work("w", Some(1), handler(&runs, |_, _| async { Ok(()) })).await?;
    wait(secs(5), async || runs.total() >= 5).await;
    work.abort();
    Ok(outcome(runs.order() == [4, 3, 2, 1, 0], format!("order {:?}", runs.order())))
}

pub async fn cost_of_a_backlog<P: Peer>(server: &Server) -> Result<Outcome> {
    let mut costs = Vec::new();
    for backlog in [500, 6_000] {
        server.flush()?;
        let peer = P::open(&server.url(), Settings::default()).await?;
        peer.push(&numbered(backlog)).await?;
        let counted = Arc::new(AtomicUsize::new(0));
        let count = counted.clone();
        let before = server.cpu()?;
        let work = peer.work(
            "w",
            Some(10),
            Arc::new(move |_| {
                count.fetch_add(1, Ordering::Relaxed);
                Box::pin(async { Ok(()) })
            }),
        );
        let work = work.await?;
        wait(secs(10), async || counted.load(Ordering::Relaxed) >= 500).await;
        let taken = counted.load(Ordering::Relaxed).max(1);
        #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
        costs.push((server.cpu()? - before) * 1e6 / taken as f64);
        work.abort();
    }
    let text = format!("{:.0} µs of server CPU a job with 500 waiting, {:.0} with 6,000", costs[0], costs[1]);
    Ok(outcome(costs[1] < 2.0 * costs[0], text))
}

pub async fn unbounded<P: Peer>(server: &Server) -> Result<Outcome> {
    let peer = P::open(&server.url(), Settings::default()).await?;
    peer.push(&numbered(1_000)).await?;
    let runs = Runs::default();
    let work = peer.work(
        "w",
        None,
        handler(&runs, |_, _| async {
            tokio::time::sleep(secs(60)).await;
            Ok(())
        }),
    );
    let work = work.await?;
    tokio::time::sleep(secs(3)).await;
    let begun = runs.total();
    work.abort();
    Ok(outcome(begun <= 10, format!("{begun} at once")))
}

pub async fn blocking<P: Peer>(server: &Server) -> Result<Outcome> {
    let peer = P::open(&server.url(), Settings::default()).await?;
    peer.push(&numbered(20)).await?;
    let threads = Arc::new(Mutex::new(HashSet::new()));
    let runs = Runs::default();
    let seen = threads.clone();
    let work = peer.work(
        "w",
        Some(10),
        handler(&runs, move |_, _| {
            let seen = seen.clone();
            async move {
                seen.lock().unwrap_or_else(PoisonError::into_inner).insert(std::thread::current().id());
                std::thread::sleep(Duration::from_millis(100));
                Ok(())
            }
        }),
    );
    let begin = Instant::now();
    let work = work.await?;
    wait(secs(8), async || runs.total() >= 20).await;
    let threads = threads.lock().unwrap_or_else(PoisonError::into_inner).len();
    work.abort();
    Ok(outcome(
        threads > 1,
        format!("20 handlers of 100 ms of computing: {:.1} s, {threads} threads", begin.elapsed().as_secs_f64()),
    ))
}
