//! A Redis server of the program's own.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use tempfile::TempDir;

/// It ends with the value.
pub struct Server {
    child: Child,
    port: u16,
    _dir: TempDir,
}

impl Server {
    /// Starts what `GOTONG_REDIS_SERVER` names, or `redis-server`, without persistence.
    pub fn start() -> Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let dir = tempfile::tempdir()?;
        let program = std::env::var("GOTONG_REDIS_SERVER").unwrap_or_else(|_| "redis-server".into());
        let child = Command::new(&program)
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--dir"])
            .arg(dir.path())
            .stdout(Stdio::null())
            .spawn()
            .with_context(|| format!("{program} cannot be started"))?;
        let server = Self { child, port, _dir: dir };
        let end = Instant::now() + Duration::from_secs(10);
        while server.flush().is_err() {
            if Instant::now() > end {
                bail!("{program} does not answer");
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(server)
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Empties it.
    pub fn flush(&self) -> Result<()> {
        let mut connection = redis::Client::open(self.url())?.get_connection()?;
        Ok(redis::cmd("FLUSHALL").query(&mut connection)?)
    }

    /// CPU seconds that it has used.
    pub fn cpu(&self) -> Result<f64> {
        let mut connection = redis::Client::open(self.url())?.get_connection()?;
        let info: String = redis::cmd("INFO").arg("cpu").query(&mut connection)?;
        let used = |line: &str| {
            let (name, seconds) = line.split_once(':')?;
            if matches!(name, "used_cpu_user" | "used_cpu_sys") { seconds.trim().parse::<f64>().ok() } else { None }
        };
        Ok(info.lines().filter_map(used).sum())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
