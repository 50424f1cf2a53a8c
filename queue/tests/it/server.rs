//! A Redis server of a test's own.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A server process; it ends with the value.
pub struct Server {
    child: Option<Child>,
    port: u16,
    dir: TempDir,
    aof: bool,
}

impl Server {
    /// Starts a server without persistence.
    pub fn start() -> Self {
        Self::with(false)
    }

    /// Starts a server that syncs its append-only file at every command.
    pub fn with_aof() -> Self {
        Self::with(true)
    }

    fn with(aof: bool) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let dir = tempfile::tempdir().unwrap();
        let mut server = Self { child: None, port, dir, aof };
        server.launch();
        server
    }

    fn launch(&mut self) {
        let child = Command::new(binary())
            .args(["--port", &self.port.to_string(), "--bind", "127.0.0.1", "--save", ""])
            .args(["--appendonly", if self.aof { "yes" } else { "no" }, "--appendfsync", "always"])
            .args(["--enable-debug-command", "yes", "--dir"])
            .arg(self.dir.path())
            .stdout(Stdio::null())
            .spawn()
            .expect("a redis-server must be installed, or named by GOTONG_REDIS_SERVER");
        self.child = Some(child);
        let end = Instant::now() + Duration::from_secs(10);
        let client = redis::Client::open(self.url()).unwrap();
        while client.get_connection().and_then(|mut c| redis::cmd("PING").query::<String>(&mut c)).is_err() {
            assert!(Instant::now() < end, "the server did not start");
            std::thread::sleep(Duration::from_millis(5)); // between two looks
        }
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Kills the process as a crash would.
    pub fn kill(&mut self) {
        let mut child = self.child.take().expect("the server runs");
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Starts it again with the files that it left.
    pub fn restart(&mut self) {
        self.launch();
    }

    /// Runs a command on a connection of its own.
    pub fn command<T: redis::FromRedisValue>(&self, words: &[&str]) -> T {
        let mut connection = redis::Client::open(self.url()).unwrap().get_connection().unwrap();
        let mut command = redis::cmd(words[0]);
        for word in &words[1..] {
            command.arg(*word);
        }
        command.query(&mut connection).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn binary() -> PathBuf {
    if let Some(named) = std::env::var_os("GOTONG_REDIS_SERVER") {
        return named.into();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let all = || std::env::split_paths(&path);
    let find = |name: &str| all().map(|dir| dir.join(name)).find(|file| file.is_file());
    find("redis-server").or_else(|| find("valkey-server")).unwrap_or_else(|| "redis-server".into())
}
