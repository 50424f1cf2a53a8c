//! A worker in a process of its own, which a test may stop, continue and kill: this test binary, started anew.

use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use gotong_queue::{Client, Config, Job, JobError, Outcome, Subscription, Timestamp, WorkerInfo};
use tempfile::NamedTempFile;

use crate::fixture::{Fixture, work};

/// The process; it is killed with the value.
pub struct Process {
    child: Child,
    log: NamedTempFile,
}

impl Process {
    /// A worker of ten slots for the fixture's queue.
    pub fn start(fixture: &Fixture) -> Self {
        Self::start_with(fixture, &[])
    }

    /// The same with more in its environment.
    pub fn start_with(fixture: &Fixture, environment: &[(&str, String)]) -> Self {
        let log = NamedTempFile::new().unwrap();
        let config = fixture.client.config();
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["process::serves_as_a_worker_when_told", "--exact", "--nocapture"])
            .env("WORKER_URL", &config.url)
            .env("WORKER_PREFIX", &config.prefix)
            .env("WORKER_QUEUE", fixture.queue.as_str())
            .env("WORKER_LEDGER", config.ledger.to_string())
            .env("WORKER_LEASE_MS", config.lease.as_millis().to_string())
            .env("WORKER_LOG", log.path())
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        Self { child, log }
    }

    /// The runs that it has begun: the payload, the attempt and the crashes of each.
    pub fn begun(&self) -> Vec<(String, u32, u32)> {
        let run = |words: &[String]| (words[0].clone(), words[1].parse().unwrap(), words[2].parse().unwrap());
        self.lines().iter().map(|words| run(words)).collect()
    }

    /// What its clock showed, in ms, as each run began.
    pub fn clock(&self) -> Vec<u64> {
        self.lines().iter().map(|words| words[3].parse().unwrap()).collect()
    }

    fn lines(&self) -> Vec<Vec<String>> {
        let text = std::fs::read_to_string(self.log.path()).unwrap();
        let complete = text.rfind('\n').map_or("", |end| &text[..end]);
        complete.lines().map(|line| line.split('|').map(str::to_owned).collect()).collect()
    }

    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").args([format!("-{name}"), self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Not a test but the body of such a process; without its environment there is nothing to do. The payload says what the
/// handler does: `sleep <ms>`, `spin <ms>`, `die <ms>`, or `retry <ms>` after which its second attempt comes; then anything.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn serves_as_a_worker_when_told() {
    let Ok(url) = std::env::var("WORKER_URL") else { return };
    let var = |name: &str| std::env::var(name).unwrap();
    let lease = Duration::from_millis(var("WORKER_LEASE_MS").parse().unwrap());
    let config = Config {
        url,
        prefix: var("WORKER_PREFIX"),
        ledger: var("WORKER_LEDGER") == "true",
        lease,
        renew_every: lease / 3,
        ..Config::default()
    };
    let client = Client::connect(config).await.unwrap();
    let subscription = Subscription::new(var("WORKER_QUEUE").parse().unwrap(), 10, WorkerInfo::new("test"));
    let running = work(client, subscription, |job| async move {
        note(&job);
        let payload = String::from_utf8(job.payload.to_vec()).unwrap();
        let mut words = payload.split(' ');
        let what = words.next().unwrap();
        let time = Duration::from_millis(words.next().and_then(|ms| ms.parse().ok()).unwrap_or(0));
        match what {
            "die" => {
                tokio::time::sleep(time).await; // the handler's work
                std::process::abort()
            }
            "retry" if job.attempt == 1 => {
                let error = JobError::new("again", "as it was told");
                return Outcome::Retry { after: Some(time), error };
            }
            "retry" => {}
            "spin" => {
                let end = Instant::now() + time;
                while Instant::now() < end {
                    std::hint::spin_loop();
                }
            }
            _ => tokio::time::sleep(time).await, // the handler's work
        }
        Outcome::Done(Some(format!("{}", std::process::id()).into()))
    });
    tokio::time::sleep(Duration::from_mins(2)).await; // its parent kills it long before
    running.stop().await;
}

fn note(job: &Job) {
    let path = std::env::var("WORKER_LOG").unwrap();
    let now = Timestamp::now().0;
    let line = format!("{}|{}|{}|{now}\n", String::from_utf8_lossy(&job.payload), job.attempt, job.crashes);
    let mut file = std::fs::OpenOptions::new().append(true).open(Path::new(&path)).unwrap();
    file.write_all(line.as_bytes()).unwrap();
}
