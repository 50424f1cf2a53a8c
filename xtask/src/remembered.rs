//! What has to be the same at the next `up`: ports, generated secrets, and what was already done.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use crate::ports;

#[derive(Debug, Default, Deserialize, Serialize)]
struct Content {
    #[serde(default)]
    ports: BTreeMap<String, u16>,
    #[serde(default)]
    secrets: BTreeMap<String, String>,
    #[serde(default)]
    facts: BTreeMap<String, String>,
}

/// `.gotong/remembered.json`, readable by its owner only because it holds secrets.
#[derive(Debug)]
pub struct Remembered {
    path: PathBuf,
    content: Mutex<Content>,
}

impl Remembered {
    pub fn open(state: &Path) -> Result<Self> {
        let path = state.join("remembered.json");
        let content = match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .with_context(|| format!("{} is damaged; `cargo xtask reset` starts afresh", path.display()))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Content::default(),
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
        };
        Ok(Self { path, content: Mutex::new(content) })
    }

    /// The port of `name`: the one used before if nobody else has taken it, else a free one.
    /// The second value is the port that had to be given up.
    pub fn port(&self, name: &str) -> Result<(u16, Option<u16>)> {
        let mut content = self.lock();
        let before = content.ports.get(name).copied();
        if let Some(port) = before.filter(|port| ports::is_free(*port)) {
            return Ok((port, None));
        }
        let taken: Vec<u16> = content.ports.values().copied().collect();
        let port = ports::find_free(&taken)?;
        content.ports.insert(name.to_owned(), port);
        self.save(&content)?;
        Ok((port, before))
    }

    /// The port `name` had at its last start.
    pub fn known_port(&self, name: &str) -> Option<u16> {
        self.lock().ports.get(name).copied()
    }

    /// A secret of 40 hex digits, made at its first use.
    pub fn secret(&self, name: &str) -> Result<String> {
        let mut content = self.lock();
        if let Some(secret) = content.secrets.get(name) {
            return Ok(secret.clone());
        }
        let secret = random_hex(20)?;
        content.secrets.insert(name.to_owned(), secret.clone());
        self.save(&content)?;
        Ok(secret)
    }

    pub fn known_secret(&self, name: &str) -> Option<String> {
        self.lock().secrets.get(name).cloned()
    }

    pub fn set_secret(&self, name: &str, value: &str) -> Result<()> {
        let mut content = self.lock();
        content.secrets.insert(name.to_owned(), value.to_owned());
        self.save(&content)
    }

    pub fn fact(&self, name: &str) -> Option<String> {
        self.lock().facts.get(name).cloned()
    }

    pub fn set_fact(&self, name: &str, value: &str) -> Result<()> {
        let mut content = self.lock();
        if content.facts.get(name).is_some_and(|known| known == value) {
            return Ok(());
        }
        content.facts.insert(name.to_owned(), value.to_owned());
        self.save(&content)
    }

    fn lock(&self) -> MutexGuard<'_, Content> {
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn save(&self, content: &Content) -> Result<()> {
        write_private(&self.path, &serde_json::to_vec_pretty(content)?)
    }
}

/// Replaces a file in one step, readable by its owner only.
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<()> {
    let fresh = path.with_extension("new");
    let write = || -> std::io::Result<()> {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
        file.write_all(bytes)?;
        fs::rename(&fresh, path)
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

/// Bytes of the operating system's random source, as hex.
pub fn random_hex(bytes: usize) -> Result<String> {
    let mut buffer = vec![0; bytes];
    File::open("/dev/urandom").and_then(|mut source| source.read_exact(&mut buffer)).context("no random source")?;
    Ok(hex::encode(buffer))
}
