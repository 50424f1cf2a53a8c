//! One connection to Redis that comes back by itself.
//!
//! A link never sends a command twice. After any doubt (a time-out, a broken connection) the connection is thrown away and
//! the caller told that the result is unknown; the next command makes a new one, or fails at once while the server
//! is thought to be down.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rand::Rng;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Cmd, ErrorKind, Pipeline, RedisError, ServerErrorKind, Value};

use crate::error::{Error, Result};
use crate::script::{self, Source};

const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// How long it may take to connect and say hello.
const DIAL: Duration = Duration::from_secs(1);
const LAST_PAUSE: Duration = Duration::from_millis(500);

/// A link; every task that blocks on Redis has its own.
pub(crate) struct Link {
    client: redis::Client,
    response_timeout: Duration,
    live: Mutex<Option<Live>>,
    dialling: tokio::sync::Mutex<Failures>,
    serial: AtomicU64,
}

/// A connection that works as far as is known.
#[derive(Clone)]
pub(crate) struct Live {
    connection: MultiplexedConnection,
    serial: u64,
    pub(crate) server: std::sync::Arc<Server>,
}

impl Live {
    /// Tells this connection from the others of its link.
    pub(crate) fn serial(&self) -> u64 {
        self.serial
    }
}

/// What the server said of itself when the connection was made.
#[derive(Debug)]
pub(crate) struct Server {
    /// Another after every start of the server.
    pub(crate) run_id: String,
    /// By when this run had begun at the latest, by our monotonic clock.
    pub(crate) started: Option<Instant>,
}

#[derive(Default)]
struct Failures {
    count: u32,
    not_before: Option<Instant>,
}

impl Link {
    pub(crate) fn new(client: redis::Client, response_timeout: Duration) -> Self {
        let live = Mutex::new(None);
        Self { client, response_timeout, live, dialling: tokio::sync::Mutex::default(), serial: AtomicU64::new(0) }
    }

    /// The connection, made if there is none.
    pub(crate) async fn live(&self) -> Result<Live> {
        if let Some(live) = self.current() {
            return Ok(live);
        }
        let mut failures = self.dialling.lock().await;
        if let Some(live) = self.current() {
            return Ok(live);
        }
        if failures.not_before.is_some_and(|at| Instant::now() < at) {
            return Err(Error::Unavailable("it did not answer a moment ago".into()));
        }
        match self.dial().await {
            Ok(live) => {
                *failures = Failures::default();
                *self.slot() = Some(live.clone());
                Ok(live)
            }
            Err(error) => {
                let most = FIRST_PAUSE.saturating_mul(1 << failures.count.min(8)).min(LAST_PAUSE);
                let pause = most.mul_f64(rand::rng().random_range(0.5..=1.0));
                *failures = Failures { count: failures.count + 1, not_before: Some(Instant::now() + pause) };
                Err(error)
            }
        }
    }

    fn current(&self) -> Option<Live> {
        self.slot().clone()
    }

    fn slot(&self) -> std::sync::MutexGuard<'_, Option<Live>> {
        self.live.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Gives up the connection: whatever is under way on it is of unknown result.
    pub(crate) fn hang_up(&self, live: &Live) {
        let mut slot = self.slot();
        if slot.as_ref().is_some_and(|l| l.serial == live.serial) {
            *slot = None;
        }
    }

    async fn dial(&self) -> Result<Live> {
        let within = self.response_timeout.min(DIAL);
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(within))
            .set_response_timeout(Some(self.response_timeout));
        let dial = async {
            let mut connection = self.client.get_multiplexed_async_connection_with_config(&config).await?;
            let mut hello = redis::pipe();
            hello.cmd("INFO").arg("server");
            for source in script::all() {
                hello.cmd("SCRIPT").arg("LOAD").arg(source.text).ignore();
            }
            let (info,): (String,) = hello.query_async(&mut connection).await?;
            Ok::<_, RedisError>((connection, server(&info)))
        };
        match tokio::time::timeout(within, dial).await {
            Ok(Ok((connection, server))) => {
                let serial = self.serial.fetch_add(1, Ordering::Relaxed) + 1;
                Ok(Live { connection, serial, server: server.into() })
            }
            Ok(Err(error)) => Err(Error::Unavailable(describe(&error))),
            Err(_) => Err(Error::Unavailable("no answer in time".into())),
        }
    }

    /// Runs a script.
    pub(crate) async fn run(&self, call: &Call) -> Result<Value> {
        let live = self.live().await?;
        self.run_on(&live, call).await
    }

    /// Runs a script on a connection that the caller has looked at.
    pub(crate) async fn run_on(&self, live: &Live, call: &Call) -> Result<Value> {
        match self.send(live, &call.command).await {
            // the server did not know the digest, so it ran nothing, and this is no second sending
            Err(Failure::UnknownScript) => {
                let mut load = redis::cmd("SCRIPT");
                load.arg("LOAD").arg(call.source.text);
                self.command_on(live, &load).await?;
                self.command_on(live, &call.command).await
            }
            other => Ok(other?),
        }
    }

    /// Sends a command that blocks and a script after it in one go, so that the server runs the script in the moment in which
    /// the command ends. Returns the script's answer.
    pub(crate) async fn run_after(&self, live: &Live, first: &Cmd, call: &Call) -> Result<Value> {
        let mut both = Pipeline::with_capacity(2);
        both.add_command(first.clone()).ignore().add_command(call.command.clone());
        let mut connection = live.connection.clone();
        match both.query_async::<(Value,)>(&mut connection).await {
            Ok((answer,)) => Ok(answer),
            Err(error) => match self.judge(live, &error) {
                // it ran nothing, so this is no second sending
                Failure::UnknownScript => self.run_on(live, call).await,
                Failure::Plain(error) => Err(error),
            },
        }
    }

    /// Runs one command.
    pub(crate) async fn command(&self, command: &Cmd) -> Result<Value> {
        let live = self.live().await?;
        self.command_on(&live, command).await
    }

    /// Runs one command on a connection that the caller has looked at.
    pub(crate) async fn command_on(&self, live: &Live, command: &Cmd) -> Result<Value> {
        self.send(live, command).await.map_err(Into::into)
    }

    async fn send(&self, live: &Live, command: &Cmd) -> Result<Value, Failure> {
        let mut connection = live.connection.clone();
        command.query_async(&mut connection).await.map_err(|error| self.judge(live, &error))
    }

    /// Runs several commands in one transaction.
    pub(crate) async fn pipeline<T: redis::FromRedisValue>(&self, pipeline: &Pipeline) -> Result<T> {
        let live = self.live().await?;
        let mut connection = live.connection.clone();
        pipeline.query_async(&mut connection).await.map_err(|error| self.judge(&live, &error).into())
    }

    /// What an error means, and whether the connection can still be trusted.
    fn judge(&self, live: &Live, error: &RedisError) -> Failure {
        match error.kind() {
            ErrorKind::Server(ServerErrorKind::NoScript) => return Failure::UnknownScript,
            ErrorKind::Server(
                ServerErrorKind::BusyLoading | ServerErrorKind::MasterDown | ServerErrorKind::TryAgain,
            ) => {
                return Failure::Plain(Error::Unavailable(describe(error)));
            }
            ErrorKind::Server(ServerErrorKind::ReadOnly) => {
                self.hang_up(live);
                return Failure::Plain(Error::Unavailable(describe(error)));
            }
            ErrorKind::Server(_) | ErrorKind::Extension => {
                return Failure::Plain(Error::Server(describe(error)));
            }
            _ => {}
        }
        self.hang_up(live);
        Failure::Plain(Error::UnknownResult(describe(error)))
    }
}

/// How a command failed, within this module.
enum Failure {
    UnknownScript,
    Plain(Error),
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Plain(error) => error,
            Failure::UnknownScript => Self::Server("the server forgot a script at once".into()),
        }
    }
}

/// An error's text without the values that a server may quote in it.
fn describe(error: &RedisError) -> String {
    if error.is_timeout() {
        return "no answer in time".into();
    }
    let text = error.to_string();
    crate::report::cut(&text, 300).to_owned()
}

fn server(info: &str) -> Server {
    let field = |name: &str| info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim);
    let uptime = field("uptime_in_seconds").and_then(|s| s.parse().ok()).map(Duration::from_secs);
    // both ends of the uptime are cut to seconds, so it may be one too long
    let uptime = uptime.map(|up| up.saturating_sub(Duration::from_secs(1)));
    let started = uptime.and_then(|up| Instant::now().checked_sub(up));
    Server { run_id: field("run_id").unwrap_or_default().to_owned(), started }
}

/// A call of a script, under construction.
pub(crate) struct Call {
    source: &'static Source,
    command: Cmd,
}

impl Call {
    /// The keys are in the script's order; `args` and `bytes` only guess how much is to come.
    pub(crate) fn new<K: AsRef<str>>(source: &'static Source, keys: &[K], args: usize, bytes: usize) -> Self {
        let mut command = Cmd::with_capacity(keys.len() + args + 3, keys.len() * 32 + bytes + 64);
        command.arg("EVALSHA").arg(&source.digest).arg(keys.len());
        for key in keys {
            command.arg(key.as_ref());
        }
        Self { source, command }
    }

    pub(crate) fn arg(&mut self, arg: impl AsRef<[u8]>) -> &mut Self {
        self.command.arg(arg.as_ref());
        self
    }

    pub(crate) fn number(&mut self, number: impl Into<u64>) -> &mut Self {
        self.command.arg(number.into());
        self
    }

    /// A duration in ms.
    pub(crate) fn millis(&mut self, duration: Duration) -> &mut Self {
        self.number(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_is_known_by_its_info() {
        let known = server("# Server\r\nredis_version:7.0.15\r\nrun_id:abc\r\nuptime_in_seconds:3\r\n");
        assert_eq!(known.run_id, "abc");
        assert!(known.started.is_some());
        assert_eq!(server("").run_id, "");
    }

    #[tokio::test]
    async fn a_server_that_is_down_is_told_at_once_the_second_time() {
        let client = redis::Client::open("redis://127.0.0.1:1").unwrap();
        let link = Link::new(client, Duration::from_secs(3));
        for _ in 0..2 {
            let error = link.command(&redis::cmd("PING")).await.unwrap_err();
            assert!(matches!(error, Error::Unavailable(_)), "{error}");
        }
    }
}
