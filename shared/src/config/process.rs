//! What every process of ours has: an environment, logs, a probe.

use super::Reader;
use std::{net::SocketAddr, str::FromStr};

/// `GOTONG_ENV`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Environment {
    /// A developer's machine.
    #[default]
    Development,
    /// A test run.
    Test,
    /// Real use.
    Production,
}

impl FromStr for Environment {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "development" => Ok(Self::Development),
            "test" => Ok(Self::Test),
            "production" => Ok(Self::Production),
            _ => Err(()),
        }
    }
}

/// `GOTONG_LOG_FORMAT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// Pretty in a terminal, JSON otherwise.
    Auto,
    /// For people.
    Pretty,
    /// One JSON object a line.
    Json,
}

impl FromStr for LogFormat {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "auto" => Ok(Self::Auto),
            "pretty" => Ok(Self::Pretty),
            "json" => Ok(Self::Json),
            _ => Err(()),
        }
    }
}

/// Environment, logs and probe of one process.
#[derive(Clone, Debug)]
pub struct ProcessConfig {
    /// `GOTONG_ENV`: `development` (default), `test` or `production`; also chooses the file `.env.$GOTONG_ENV`.
    pub environment: Environment,
    /// `GOTONG_LOG`: a filter such as `info` or `info,gotong_worker=debug`, default `info`.
    pub log: String,
    /// `GOTONG_LOG_FORMAT`: `auto` (default), `pretty` or `json`.
    pub log_format: LogFormat,
    /// `GOTONG_PROBE_LISTEN`: where worker and scheduler answer `/health/live`, `/health/ready` and `/metrics`;
    /// `host:port`, without it they answer nowhere.
    pub probe: Option<SocketAddr>,
}

impl ProcessConfig {
    /// Reads its variables.
    pub fn read(reader: &mut Reader) -> Self {
        let probe = reader.get("GOTONG_PROBE_LISTEN").map(str::parse);
        if matches!(probe, Some(Err(_))) {
            reader.mistake("GOTONG_PROBE_LISTEN", "is not an address such as 127.0.0.1:9100");
        }
        Self {
            environment: reader.optional("GOTONG_ENV", "development, test or production", Environment::Development),
            log: reader.optional("GOTONG_LOG", "a log filter", "info".into()),
            log_format: reader.optional("GOTONG_LOG_FORMAT", "auto, pretty or json", LogFormat::Auto),
            probe: probe.and_then(Result::ok),
        }
    }
}
