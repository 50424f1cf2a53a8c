//! `gotong-worker restore`.

use super::Reader;

/// What a restore without the platform is told beside the object store.
#[derive(Clone)]
pub struct RestoreConfig {
    /// `GOTONG_RESTORE_PASSWORD`: the password of the address in `--into`, where that has none, so that it stays out of the
    /// list of processes.
    pub password: Option<String>,
}

impl RestoreConfig {
    /// Reads its variables.
    #[must_use]
    pub fn read(reader: &Reader) -> Self {
        Self { password: reader.get("GOTONG_RESTORE_PASSWORD").map(str::to_owned) }
    }
}
