//! Where things lie: the checkout, its state folder `.gotong/`, and the cache of fetched tools.

use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context as _, Result, bail};
use sha2::{Digest, Sha256};

/// One working copy of the project.
#[derive(Clone, Debug)]
pub struct Checkout {
    root: PathBuf,
}

impl Checkout {
    /// Walks up from the working directory to the workspace that has an `xtask` folder.
    pub fn find() -> Result<Self> {
        let start = env::current_dir().context("the working directory is gone")?;
        for folder in start.ancestors() {
            if folder.join("xtask/Cargo.toml").is_file() && folder.join("Cargo.toml").is_file() {
                return Ok(Self { root: folder.to_path_buf() });
            }
        }
        bail!("{} is not inside a checkout of this project", start.display())
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folder of everything this checkout runs; deleting it is what `reset` does.
    pub fn state(&self) -> PathBuf {
        self.root.join(".gotong")
    }

    pub fn data(&self, name: &str) -> PathBuf {
        self.state().join("data").join(name)
    }

    pub fn log(&self, name: &str) -> PathBuf {
        self.state().join("logs").join(format!("{name}.log"))
    }

    pub fn pid_file(&self, name: &str) -> PathBuf {
        self.state().join("pids").join(format!("{name}.pid"))
    }

    /// What `up` knows about a process beyond its id: enough never to signal a stranger that got the same id.
    pub fn process_file(&self, name: &str) -> PathBuf {
        self.state().join("processes").join(format!("{name}.json"))
    }

    pub fn env_file(&self) -> PathBuf {
        self.state().join("env")
    }

    /// Eight hex digits that tell this checkout from others on the machine.
    pub fn fingerprint(&self) -> String {
        let digest = Sha256::digest(self.root.as_os_str().as_encoded_bytes());
        hex::encode(&digest[..4])
    }

    pub fn create_folders(&self) -> Result<()> {
        for folder in ["data", "logs", "pids", "processes"] {
            let path = self.state().join(folder);
            fs::create_dir_all(&path).with_context(|| format!("cannot create {}", path.display()))?;
        }
        Ok(())
    }
}

/// The folder of fetched tools, shared by all checkouts: `GOTONG_CACHE_DIR`, else `gotong` in the user's cache.
pub fn cache_dir() -> PathBuf {
    if let Some(dir) = env::var_os("GOTONG_CACHE_DIR").filter(|dir| !dir.is_empty()) {
        return PathBuf::from(dir);
    }
    let base = env::var_os("XDG_CACHE_HOME")
        .filter(|dir| !dir.is_empty())
        .map(PathBuf::from)
        .or_else(|| env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache")));
    base.unwrap_or_else(env::temp_dir).join("gotong")
}
