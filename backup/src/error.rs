//! What can go wrong with a backup, in words for people and codes for programs.

/// Why something with a backup did not happen. No text holds a password: addresses are shown without theirs, and what
/// other programs print is searched for it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An address that is none.
    #[error("the address is not valid: {0}")]
    InvalidUrl(String),
    /// The name of a target or the id of a backup with other letters than allowed.
    #[error("the name {0:?} is not valid: it takes 1 to 63 of a-z, 0-9, - and _, and begins with a letter or digit")]
    InvalidName(String),
    /// A public or secret key that is none.
    #[error("the key is not valid: {0}")]
    InvalidKey(String),
    /// Nobody could read the backup.
    #[error("a backup needs at least one recipient, whose secret key opens it")]
    NoRecipients,
    /// No program of a version that suits.
    #[error("no {program} of PostgreSQL {at_least} or newer was found (looked at: {found})")]
    NoSuitableProgram {
        /// `pg_dump` or `pg_restore`.
        program: &'static str,
        /// The major version of the server or the dump.
        at_least: u32,
        /// What is there instead.
        found: String,
    },
    /// Wrong user or password.
    #[error("{server} does not accept the user or the password")]
    AuthenticationFailed {
        /// The address without the password.
        server: String,
    },
    /// There is no such database.
    #[error("there is no database {0:?} on the server")]
    DatabaseMissing(String),
    /// The server cannot be reached, or takes no connections now.
    #[error("{server} cannot be reached: {reason}")]
    DatabaseUnavailable {
        /// The address without the password.
        server: String,
        /// What was tried and failed.
        reason: String,
    },
    /// The connection broke in the middle.
    #[error("the connection to the database was lost: {0}")]
    ConnectionLost(String),
    /// The server refused a statement.
    #[error("the database refused: {0}")]
    DatabaseRefused(String),
    /// `pg_dump` ended with an error.
    #[error("pg_dump failed (exit code {code}): {output}")]
    DumpFailed {
        /// Its exit code.
        code: i32,
        /// The last lines that it printed.
        output: String,
    },
    /// `pg_dump` was killed.
    #[error("pg_dump was killed by signal {signal}: {output}")]
    DumpKilled {
        /// The number of the signal.
        signal: i32,
        /// The last lines that it printed.
        output: String,
    },
    /// `pg_restore` ended with an error.
    #[error("pg_restore failed (exit code {code}): {output}")]
    RestoreFailed {
        /// Its exit code.
        code: i32,
        /// The last lines that it printed.
        output: String,
    },
    /// `pg_restore` was killed.
    #[error("pg_restore was killed by signal {signal}: {output}")]
    RestoreKilled {
        /// The number of the signal.
        signal: i32,
        /// The last lines that it printed.
        output: String,
    },
    /// The object store is down or slow.
    #[error("the object store is unavailable: {0}")]
    StoreUnavailable(String),
    /// The object store refused, because of the keys or the request.
    #[error("the object store refused: {0}")]
    StoreRefused(String),
    /// There is no such bucket.
    #[error("there is no bucket {0:?}")]
    BucketMissing(String),
    /// There is no backup of that name: no manifest, no backup.
    #[error("there is no backup {0}")]
    BackupMissing(String),
    /// A backup with that id exists.
    #[error("a backup {0} exists already")]
    BackupExists(String),
    /// A manifest is there and its object is gone.
    #[error("the backup's manifest is there, but its object {0} is missing")]
    ObjectMissing(String),
    /// A manifest that cannot be read.
    #[error("the manifest {key} cannot be read: {reason}")]
    ManifestInvalid {
        /// Its key.
        key: String,
        /// What is wrong in it.
        reason: String,
    },
    /// A manifest of a later version of this program.
    #[error("the manifest {key} has version {version}, and this program knows up to {known}")]
    UnknownVersion {
        /// Its key.
        key: String,
        /// The version that it states.
        version: u64,
        /// The newest one known here.
        known: u32,
    },
    /// None of the identities opens it.
    #[error("wrong key: the backup is encrypted to {recipients}, and none of the identities given belongs to these")]
    WrongKey {
        /// The public keys that it was encrypted to.
        recipients: String,
    },
    /// The object is not what was written.
    #[error("the backup was changed after it was written: {0}")]
    Tampered(String),
    /// A part of the object is missing.
    #[error("the backup is truncated: {found} of {expected} bytes are there")]
    Truncated {
        /// The bytes of the manifest.
        expected: u64,
        /// The bytes there are.
        found: u64,
    },
    /// The target of a restore holds something.
    #[error("the database {0:?} exists and is not empty: to replace it, give its name once more")]
    DatabaseNotEmpty(String),
    /// The name typed again is another one.
    #[error("the name given to confirm is not that of the database, {0:?}")]
    NameNotConfirmed(String),
    /// It was asked to stop.
    #[error("cancelled")]
    Cancelled,
    /// What was read back of a copied object is not what was written.
    #[error("the copy of {0} differs from its original")]
    CopyDiffers(String),
    /// A pipe, thread or file of this machine failed.
    #[error("an error of this machine: {0}")]
    Io(String),
}

impl Error {
    /// A stable name of what happened.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::InvalidUrl(_) => "invalid_url",
            Self::InvalidName(_) => "invalid_name",
            Self::InvalidKey(_) => "invalid_key",
            Self::NoRecipients => "no_recipients",
            Self::NoSuitableProgram { .. } => "no_suitable_program",
            Self::AuthenticationFailed { .. } => "authentication_failed",
            Self::DatabaseMissing(_) => "database_missing",
            Self::DatabaseUnavailable { .. } => "database_unavailable",
            Self::ConnectionLost(_) => "connection_lost",
            Self::DatabaseRefused(_) => "database_refused",
            Self::DumpFailed { .. } => "dump_failed",
            Self::DumpKilled { .. } => "dump_killed",
            Self::RestoreFailed { .. } => "restore_failed",
            Self::RestoreKilled { .. } => "restore_killed",
            Self::StoreUnavailable(_) => "store_unavailable",
            Self::StoreRefused(_) => "store_refused",
            Self::BucketMissing(_) => "bucket_missing",
            Self::BackupMissing(_) => "backup_missing",
            Self::BackupExists(_) => "backup_exists",
            Self::ObjectMissing(_) => "object_missing",
            Self::ManifestInvalid { .. } => "manifest_invalid",
            Self::UnknownVersion { .. } => "unknown_version",
            Self::WrongKey { .. } => "wrong_key",
            Self::Tampered(_) => "tampered",
            Self::Truncated { .. } => "truncated",
            Self::DatabaseNotEmpty(_) => "database_not_empty",
            Self::NameNotConfirmed(_) => "name_not_confirmed",
            Self::Cancelled => "cancelled",
            Self::CopyDiffers(_) => "copy_differs",
            Self::Io(_) => "io",
        }
    }

    /// Whether the same call may succeed later with nothing changed by a person.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(
            self,
            Self::DatabaseUnavailable { .. }
                | Self::ConnectionLost(_)
                | Self::DumpKilled { .. }
                | Self::RestoreKilled { .. }
                | Self::StoreUnavailable(_)
                | Self::CopyDiffers(_)
                | Self::Io(_)
        )
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error.to_string())
    }
}
