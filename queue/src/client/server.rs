//! Whether the server is fit to carry jobs.

use std::fmt;

use crate::client::Client;
use crate::error::Result;

/// What the server says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerReport {
    /// `7.0.15`; for Valkey the Redis version that it is compatible with.
    pub version: String,
    /// Of this run of the server; another after every restart.
    pub run_id: String,
    /// `noeviction` is the only one fit for jobs.
    pub maxmemory_policy: String,
    /// Whether it writes an append-only file.
    pub aof: bool,
    /// Whether it takes snapshots.
    pub rdb: bool,
    /// What makes it unfit.
    pub warnings: Vec<ServerWarning>,
}

impl ServerReport {
    /// Whether nothing makes it unfit.
    #[must_use]
    pub fn is_fit(&self) -> bool {
        self.warnings.is_empty()
    }
}

/// A reason not to trust the server with jobs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerWarning {
    /// Older than Redis 7.0.
    TooOld(String),
    /// It may evict jobs when memory is short.
    Evicts(String),
    /// Neither append-only file nor snapshots: a restart loses every job.
    NotPersistent,
}

impl fmt::Display for ServerWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooOld(version) => write!(f, "redis {version} is older than 7.0"),
            Self::Evicts(policy) => {
                write!(f, "maxmemory-policy {policy} evicts jobs when memory is short; set noeviction")
            }
            Self::NotPersistent => f.write_str("persistence is off: a restart of redis loses what it holds"),
        }
    }
}

impl Client {
    /// Asks the server for its version and settings.
    ///
    /// # Errors
    /// As any command.
    pub async fn server_check(&self) -> Result<ServerReport> {
        let mut ask = redis::pipe();
        for section in ["server", "memory", "persistence"] {
            ask.cmd("INFO").arg(section);
        }
        // hosted servers may forbid CONFIG, so only what INFO tells is required
        let (server, memory, persistence): (String, String, String) = self.link().pipeline(&ask).await?;
        let mut config = redis::cmd("CONFIG");
        config.arg("GET").arg("save");
        let save: Option<Vec<String>> = match self.link().command(&config).await {
            Ok(value) => redis::from_redis_value(value).ok(),
            Err(error) if error.is_transient() => return Err(error),
            Err(_) => None,
        };
        Ok(report(&server, &memory, &persistence, save.and_then(|mut s| s.pop()).as_deref()))
    }
}

fn report(server: &str, memory: &str, persistence: &str, save: Option<&str>) -> ServerReport {
    let version = field(server, "redis_version").to_owned();
    let maxmemory_policy = field(memory, "maxmemory_policy").to_owned();
    let aof = field(persistence, "aof_enabled") == "1";
    let rdb = save.is_some_and(|s| !s.is_empty());
    let mut warnings = Vec::new();
    let major: u32 = version.split('.').next().and_then(|m| m.parse().ok()).unwrap_or(0);
    if major < 7 {
        warnings.push(ServerWarning::TooOld(version.clone()));
    }
    if maxmemory_policy != "noeviction" {
        warnings.push(ServerWarning::Evicts(maxmemory_policy.clone()));
    }
    if !aof && save.is_some() && !rdb {
        warnings.push(ServerWarning::NotPersistent);
    }
    let run_id = field(server, "run_id").to_owned();
    ServerReport { version, run_id, maxmemory_policy, aof, rdb, warnings }
}

fn field<'a>(info: &'a str, name: &str) -> &'a str {
    let value = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    value.unwrap_or_default().trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_a_server_unfit_is_told() {
        let judge = |version: &str, policy: &str, aof: &str, save: Option<&str>| {
            report(
                &format!("redis_version:{version}\r\nrun_id:r\r\n"),
                &format!("maxmemory_policy:{policy}\r\n"),
                &format!("aof_enabled:{aof}\r\n"),
                save,
            )
        };
        assert!(judge("7.0.15", "noeviction", "1", Some("")).is_fit());
        assert!(judge("7.2.4", "noeviction", "0", Some("3600 1")).is_fit());
        assert!(judge("7.2.4", "noeviction", "0", None).is_fit(), "unknown is not unfit");
        let bad = judge("6.2.1", "allkeys-lru", "0", Some(""));
        assert_eq!(bad.warnings.len(), 3);
        assert!(bad.warnings.iter().any(|w| w.to_string().contains("allkeys-lru")));
    }
}
