//! The servers that the platform stands on. Each module knows how to prepare, start and probe one of them; none knows
//! about the others.

pub mod elasticsearch;
pub mod mail;
pub mod postgres;
pub mod redis;
pub mod s3;

use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};

use crate::checkout::Checkout;
use crate::process::{Process, Spec, log_end};
use crate::remembered::Remembered;
use crate::settings::Settings;
use crate::tools::Tools;
use crate::{http, interrupt, progress};

/// In the order of stopping, our own programs having gone before.
pub const NAMES: [&str; 5] = ["mail", "elasticsearch", "s3", "redis", "postgres"];

/// What every service needs to start.
#[derive(Debug)]
pub struct Context {
    pub checkout: Checkout,
    pub remembered: Remembered,
    pub settings: Settings,
    pub tools: Tools,
}

impl Context {
    pub fn open(checkout: Checkout) -> Result<Self> {
        checkout.create_folders()?;
        let settings = Settings::load(checkout.root())?;
        let remembered = Remembered::open(&checkout.state())?;
        Ok(Self { checkout, remembered, settings, tools: Tools::default() })
    }

    /// The remembered port for `name`, with a word when it had to change.
    pub fn port(&self, name: &str) -> Result<u16> {
        let (port, lost) = self.remembered.port(name)?;
        if let Some(lost) = lost {
            progress::warn(name, format_args!("port {lost} is used by another program now; taking {port}"));
        }
        Ok(port)
    }
}

/// Where the services are, local or not.
#[derive(Clone, Debug, Default)]
pub struct Addresses {
    pub database_url: String,
    pub redis_url: String,
    pub s3: s3::Address,
    /// None where search is not available on this machine.
    pub elasticsearch_url: Option<String>,
    pub smtp_url: String,
    /// None for an SMTP server that is not ours.
    pub mail_inbox_url: Option<String>,
}

/// Whether addresses in `.env` replace local servers, or local servers are wanted in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    AsConfigured,
    /// For tests: they create and drop databases, which nobody wants on a server named in `.env`.
    LocalOnly,
}

/// Starts whatever is not running, all at the same time, and returns once every one answers.
pub fn ensure(context: &Context, choice: Choice) -> Result<Addresses> {
    let setting = |name: &str| match choice {
        Choice::AsConfigured => context.settings.get(name),
        Choice::LocalOnly => None,
    };
    thread::scope(|scope| {
        let database = scope.spawn(|| match setting("GOTONG_DATABASE_URL") {
            Some(url) => external("postgres", "GOTONG_DATABASE_URL", url, 5432),
            None => postgres::ensure(context),
        });
        let redis = scope.spawn(|| match setting("GOTONG_REDIS_URL") {
            Some(url) => external("redis", "GOTONG_REDIS_URL", url, 6379),
            None => redis::ensure(context),
        });
        let s3 = scope.spawn(|| match setting("GOTONG_S3_ENDPOINT") {
            Some(url) => s3::external(context, external("s3", "GOTONG_S3_ENDPOINT", url, 80)?),
            None => s3::ensure(context),
        });
        let elasticsearch = scope.spawn(|| match setting("GOTONG_ELASTICSEARCH_URL") {
            Some(url) => external("elasticsearch", "GOTONG_ELASTICSEARCH_URL", url, 9200).map(Some),
            None => elasticsearch::ensure(context),
        });
        let mail = scope.spawn(|| match setting("GOTONG_SMTP_URL") {
            Some(url) => Ok(mail::Address { smtp_url: external("mail", "GOTONG_SMTP_URL", url, 25)?, inbox_url: None }),
            None => mail::ensure(context),
        });
        let broken = |_| anyhow!("a starting thread panicked");
        let database = database.join().map_err(broken)?;
        let redis = redis.join().map_err(broken)?;
        let s3 = s3.join().map_err(broken)?;
        let elasticsearch = elasticsearch.join().map_err(broken)?;
        let mail = mail.join().map_err(broken)?.context("mail");
        let mail = mail?;
        Ok(Addresses {
            database_url: database.context("postgres")?,
            redis_url: redis.context("redis")?,
            s3: s3.context("s3")?,
            elasticsearch_url: elasticsearch.context("elasticsearch")?,
            smtp_url: mail.smtp_url,
            mail_inbox_url: mail.inbox_url,
        })
    })
}

/// Checks that something listens at an address from the settings.
fn external(name: &str, variable: &str, url: String, default_port: u16) -> Result<String> {
    let address = host_and_port(&url, default_port).with_context(|| format!("{variable} is not a URL"))?;
    if http::connect(&address, Duration::from_secs(5)).is_err() {
        bail!(
            "{variable} points at {address}, but nothing answers there: start that server, or remove the setting to get \
             a local one"
        );
    }
    progress::step(name, format_args!("uses {address}, as {variable} says"));
    Ok(url)
}

/// `host:port` of a URL, without what may be secret in it.
fn host_and_port(url: &str, default_port: u16) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next().filter(|host| !host.is_empty())?;
    let port_given = host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    let default_port = if scheme == "https" { 443 } else { default_port };
    Some(if port_given { host.to_owned() } else { format!("{host}:{default_port}") })
}

/// Starts a service and waits until it is ready, for at most `limit`.
pub fn start(
    context: &Context,
    name: &str,
    description: &str,
    spec: &Spec,
    limit: Duration,
    ready: impl Fn() -> bool,
) -> Result<()> {
    interrupt::check()?;
    let process = Process::start(&context.checkout, name, spec)?;
    progress::step(name, format_args!("starting {description} (process {})", process.pid));
    await_ready(context, &process, limit, ready)?;
    progress::step(name, "ready");
    Ok(())
}

/// Waits for a process that should become ready; its early end is an error with the end of its log.
pub fn await_ready(context: &Context, process: &Process, limit: Duration, ready: impl Fn() -> bool) -> Result<()> {
    let name = process.name.as_str();
    let log = context.checkout.log(name);
    let mut dead = false;
    let answered = crate::process::wait_until(limit, || {
        dead = !process.is_alive();
        dead || interrupt::requested() || ready()
    });
    interrupt::check()?;
    if dead {
        process.forget(&context.checkout);
        bail!("{name} ended while starting. The end of {}:\n{}", log.display(), log_end(&log, 20));
    }
    if !answered {
        process.stop(&context.checkout)?;
        let seconds = limit.as_secs();
        bail!("{name} did not get ready in {seconds} s. The end of {}:\n{}", log.display(), log_end(&log, 20));
    }
    Ok(())
}

/// Whether the service runs already and answers; one that runs but does not answer yet is waited for.
pub fn already_running(context: &Context, name: &str, limit: Duration, ready: impl Fn() -> bool) -> Result<bool> {
    let Some(process) = Process::running(&context.checkout, name) else { return Ok(false) };
    await_ready(context, &process, limit, ready)?;
    progress::step(name, format_args!("runs (process {})", process.pid));
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::host_and_port;

    #[test]
    fn an_address_comes_without_credentials() {
        let address = |url| host_and_port(url, 5432);
        assert_eq!(address("postgres://u:p@ss@db.example:6000/x"), Some("db.example:6000".to_owned()));
        assert_eq!(address("postgres://db.example/x?a=b"), Some("db.example:5432".to_owned()));
        assert_eq!(address("https://s3.example"), Some("s3.example:443".to_owned()));
        assert_eq!(address("nonsense"), None);
    }
}
