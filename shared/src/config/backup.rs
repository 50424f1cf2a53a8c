//! Backups: of what, for whom, where to, how long they are kept, and what is promised.

use super::{DatabaseConfig, Reader, StorageConfig};
use std::{fmt, path::PathBuf, time::Duration};
use url::Url;

/// The target that is this platform's own database.
pub const PLATFORM_TARGET: &str = "platform";

/// Backups of databases, and the copy of the media.
#[derive(Clone, Debug)]
pub struct BackupConfig {
    /// This platform's own database, then those of `GOTONG_BACKUP_TARGETS`: `name=postgres://…`, separated by white space,
    /// at most 50. A name has up to 40 lower-case letters, digits, `-` and `_`, and begins with a letter.
    pub targets: Vec<BackupTarget>,
    /// `GOTONG_BACKUP_RECIPIENTS`: age public keys (`age1…`), separated by commas or white space, at most 20. Without any
    /// nothing is backed up.
    pub recipients: Vec<String>,
    /// Whose key reads a backup in a restore drill and in a restore.
    pub identity: Option<BackupIdentity>,
    /// `GOTONG_BACKUP_BUCKET`: default the bucket of everything else, `GOTONG_S3_BUCKET`.
    pub bucket: String,
    /// `GOTONG_BACKUP_PREFIX`: what keys begin with, up to 200 visible characters; default `backups/`.
    pub prefix: String,
    /// `GOTONG_BACKUP_SCRATCH_URL`: `postgres://…` of the server on which drills make and drop databases of their own;
    /// default that of `GOTONG_DATABASE_URL`.
    pub scratch: SecretUrl,
    /// `GOTONG_BACKUP_POSTGRES_BIN`: the folder of `pg_dump` and `pg_restore`; default whichever of those on the path and
    /// in `/usr/lib/postgresql` suits the server.
    pub programs: Option<PathBuf>,
    /// What is kept.
    pub keep: BackupRetention,
    /// What is promised.
    pub promise: BackupPromise,
    /// The copy of the media; `None`: none is made.
    pub media: Option<MediaCopyConfig>,
}

/// A database that is backed up.
#[derive(Clone, Debug)]
pub struct BackupTarget {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub url: SecretUrl,
}

/// An address with a password, which is shown without it.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretUrl(String);

/// Whose key reads backups.
#[derive(Clone)]
pub enum BackupIdentity {
    /// `GOTONG_BACKUP_IDENTITY_FILE`: a file with an age identity (`AGE-SECRET-KEY-1…`).
    File(PathBuf),
    /// `GOTONG_BACKUP_IDENTITY`: the identity itself.
    Text(String),
}

/// How many backups of each target are kept: the latest of so many days, weeks and months that have one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackupRetention {
    /// `GOTONG_BACKUP_KEEP_DAILY`: 1–366, default 7.
    pub daily: u32,
    /// `GOTONG_BACKUP_KEEP_WEEKLY`: 0–520, default 4.
    pub weekly: u32,
    /// `GOTONG_BACKUP_KEEP_MONTHLY`: 0–120, default 12.
    pub monthly: u32,
}

/// What is promised of each target; outside of it there is an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackupPromise {
    /// `GOTONG_BACKUP_RPO_HOURS`: how old the last good backup may be, 1–8,784, default 25: a day, and the time that a backup
    /// takes. The last one that was restored in a drill may be twice as old.
    pub rpo: Duration,
    /// `GOTONG_BACKUP_RTO_HOURS`: how long a restore may take, 1–720, default 1.
    pub rto: Duration,
}

/// Where the media are copied to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaCopyConfig {
    /// `GOTONG_BACKUP_MEDIA_BUCKET`: default that of the backups.
    pub bucket: String,
    /// `GOTONG_BACKUP_MEDIA_PREFIX`: what the copies' keys begin with; default `media-copy/`. The media are copied where this
    /// or the bucket is set.
    pub prefix: String,
}

impl BackupConfig {
    /// Reads its variables.
    pub fn read(reader: &mut Reader, database: &DatabaseConfig, storage: &StorageConfig) -> Self {
        let bucket = reader.optional("GOTONG_BACKUP_BUCKET", "a bucket's name", storage.bucket.clone());
        let scratch = secret_url(reader, "GOTONG_BACKUP_SCRATCH_URL");
        Self {
            targets: targets(reader, database),
            recipients: recipients(reader),
            identity: BackupIdentity::read(reader),
            prefix: prefix(reader, "GOTONG_BACKUP_PREFIX", "backups/"),
            scratch: scratch.unwrap_or_else(|| SecretUrl(database.url.clone())),
            programs: reader.get("GOTONG_BACKUP_POSTGRES_BIN").map(PathBuf::from),
            keep: BackupRetention {
                daily: reader.number("GOTONG_BACKUP_KEEP_DAILY", 1..=366, 7),
                weekly: reader.number("GOTONG_BACKUP_KEEP_WEEKLY", 0..=520, 4),
                monthly: reader.number("GOTONG_BACKUP_KEEP_MONTHLY", 0..=120, 12),
            },
            promise: BackupPromise {
                rpo: hours(reader, "GOTONG_BACKUP_RPO_HOURS", 8_784, 25),
                rto: hours(reader, "GOTONG_BACKUP_RTO_HOURS", 720, 1),
            },
            media: MediaCopyConfig::read(reader, &bucket, storage),
            bucket,
        }
    }

    /// Whether anything is backed up.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        !self.recipients.is_empty()
    }

    /// The target of that name.
    #[must_use]
    pub fn target(&self, name: &str) -> Option<&BackupTarget> {
        self.targets.iter().find(|target| target.name == name)
    }
}

impl SecretUrl {
    /// The address, password and all.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The database that it names.
    #[must_use]
    pub fn database(&self) -> String {
        let url = Url::parse(&self.0).ok();
        url.map(|url| url.path().trim_start_matches('/').to_owned()).unwrap_or_default()
    }
}

impl From<&str> for SecretUrl {
    fn from(url: &str) -> Self {
        Self(url.to_owned())
    }
}

impl fmt::Debug for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = Url::parse(&self.0).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
        write!(f, "postgres://…@{host}/{}", self.database())
    }
}

impl fmt::Debug for BackupIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "File({})", path.display()),
            Self::Text(_) => f.write_str("Text(…)"),
        }
    }
}

impl BackupIdentity {
    fn read(reader: &mut Reader) -> Option<Self> {
        let file = reader.get("GOTONG_BACKUP_IDENTITY_FILE").map(PathBuf::from);
        let text = reader.get("GOTONG_BACKUP_IDENTITY").map(str::to_owned);
        if file.is_some() && text.is_some() {
            reader
                .mistake("GOTONG_BACKUP_IDENTITY", "is set beside GOTONG_BACKUP_IDENTITY_FILE; one of them is enough");
        }
        if text.as_ref().is_some_and(|text| !text.starts_with("AGE-SECRET-KEY-1")) {
            reader.mistake("GOTONG_BACKUP_IDENTITY", "is not an age identity (AGE-SECRET-KEY-1…)");
        }
        file.map(Self::File).or_else(|| text.map(Self::Text))
    }
}

impl MediaCopyConfig {
    fn read(reader: &mut Reader, backups: &str, storage: &StorageConfig) -> Option<Self> {
        let names = ["GOTONG_BACKUP_MEDIA_BUCKET", "GOTONG_BACKUP_MEDIA_PREFIX"];
        if names.iter().all(|name| reader.get(name).is_none()) {
            return None;
        }
        let copy = Self {
            bucket: reader.optional(names[0], "a bucket's name", backups.to_owned()),
            prefix: prefix(reader, names[1], "media-copy/"),
        };
        if copy.bucket == storage.bucket && copy.prefix.starts_with("media/") {
            reader.mistake(names[1], "would copy the media into themselves");
        }
        Some(copy)
    }
}

fn targets(reader: &mut Reader, database: &DatabaseConfig) -> Vec<BackupTarget> {
    const NAME: &str = "GOTONG_BACKUP_TARGETS";
    let mut targets = vec![BackupTarget { name: PLATFORM_TARGET.into(), url: SecretUrl(database.url.clone()) }];
    let listed = reader.get(NAME).unwrap_or_default().to_owned();
    for part in listed.split_whitespace() {
        // Neither the part nor its address is repeated: it may hold a password.
        let Some((name, url)) = part.split_once('=') else {
            reader.mistake(NAME, "has a part that is not of the form name=postgres://…");
            continue;
        };
        if !is_name(name) {
            reader.mistake(NAME, "has a name that is not of up to 40 lower-case letters, digits, '-' and '_'");
        } else if targets.iter().any(|target| target.name == name) {
            reader.mistake(NAME, format!("names {name} twice ({PLATFORM_TARGET} is this platform's own database)"));
        } else if !is_postgres(url) {
            reader.mistake(NAME, format!("gives {name} an address that is not postgres://…/database"));
        } else {
            targets.push(BackupTarget { name: name.to_owned(), url: SecretUrl(url.to_owned()) });
        }
    }
    if targets.len() > 50 {
        reader.mistake(NAME, "names more than 49 targets");
    }
    targets
}

fn is_name(name: &str) -> bool {
    (1..=40).contains(&name.len())
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_'))
}

fn is_postgres(url: &str) -> bool {
    Url::parse(url).is_ok_and(|url| {
        matches!(url.scheme(), "postgres" | "postgresql")
            && url.has_host()
            && !url.path().trim_start_matches('/').is_empty()
    })
}

fn secret_url(reader: &mut Reader, name: &str) -> Option<SecretUrl> {
    let url = reader.get(name)?.to_owned();
    if !is_postgres(&url) {
        reader.mistake(name, "is not an address such as postgres://user:password@host:5432/postgres");
    }
    Some(SecretUrl(url))
}

fn recipients(reader: &mut Reader) -> Vec<String> {
    const NAME: &str = "GOTONG_BACKUP_RECIPIENTS";
    let listed = reader.get(NAME).unwrap_or_default().to_owned();
    let parts = listed.split(|c: char| c == ',' || c.is_whitespace()).filter(|part| !part.is_empty());
    let recipients: Vec<String> = parts.map(str::to_owned).collect();
    // A secret key that was put here by mistake is not repeated.
    if recipients.iter().any(|recipient| !recipient.starts_with("age1") || recipient.len() != 62) {
        reader.mistake(NAME, "has a part that is not an age public key (age1…)");
    }
    if recipients.len() > 20 {
        reader.mistake(NAME, "has more than 20 keys");
    }
    recipients
}

fn prefix(reader: &mut Reader, name: &str, usual: &str) -> String {
    let mut prefix = reader.optional(name, "a prefix of keys", usual.to_owned());
    let is_fit = prefix.len() <= 200 && prefix.bytes().all(|b| b.is_ascii_graphic()) && !prefix.starts_with('/');
    if !is_fit {
        reader.mistake(name, "has up to 200 visible ASCII characters and does not begin with '/'");
    }
    if !prefix.ends_with('/') {
        prefix.push('/');
    }
    prefix
}

fn hours(reader: &mut Reader, name: &str, most: u64, usual: u64) -> Duration {
    Duration::from_hours(reader.number(name, 1..=most, usual))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<BackupConfig, super::super::ConfigError> {
        let usual = [
            ("GOTONG_DATABASE_URL", "postgres://gotong:hunter2@db.example:5432/gotong"),
            ("GOTONG_S3_ACCESS_KEY", "a"),
            ("GOTONG_S3_SECRET_KEY", "s"),
        ];
        let mut reader = Reader::from_pairs(usual.iter().chain(pairs).copied());
        let (database, storage) = (DatabaseConfig::read(&mut reader), StorageConfig::read(&mut reader));
        let config = BackupConfig::read(&mut reader, &database, &storage);
        reader.finish(config)
    }

    #[test]
    fn the_platform_is_always_a_target_and_nothing_is_shown_of_passwords() {
        let config = read(&[("GOTONG_BACKUP_TARGETS", "shop=postgres://shop:hunter3@shop.example/shop")]).unwrap();
        let names: Vec<_> = config.targets.iter().map(|target| target.name.as_str()).collect();
        assert_eq!(names, ["platform", "shop"]);
        assert_eq!(config.target("shop").unwrap().url.database(), "shop");
        assert!(!config.is_enabled(), "nobody could read a backup");
        let shown = format!("{config:?}");
        assert!(!shown.contains("hunter") && shown.contains("shop.example"), "{shown}");
        assert_eq!((config.bucket.as_str(), config.prefix.as_str(), config.media), ("gotong", "backups/", None));
    }

    #[test]
    fn mistakes_name_the_variable_and_not_the_secret() {
        let key = "AGE-SECRET-KEY-1QQQQ";
        for (name, value, why) in [
            ("GOTONG_BACKUP_TARGETS", "postgres://x:hunter3@h/d", "form name="),
            ("GOTONG_BACKUP_TARGETS", "platform=postgres://x:hunter3@h/d", "platform twice"),
            ("GOTONG_BACKUP_TARGETS", "Shop=postgres://x:hunter3@h/d", "lower-case"),
            ("GOTONG_BACKUP_TARGETS", "shop=postgres://x:hunter3@h", "postgres://…/database"),
            ("GOTONG_BACKUP_RECIPIENTS", key, "public key"),
            ("GOTONG_BACKUP_IDENTITY", "hunter3", "age identity"),
            ("GOTONG_BACKUP_SCRATCH_URL", "mysql://x:hunter3@h/d", "postgres://"),
            ("GOTONG_BACKUP_KEEP_DAILY", "0", "1 to 366"),
            ("GOTONG_BACKUP_MEDIA_PREFIX", "media/copy", "themselves"),
        ] {
            let error = read(&[(name, value)]).unwrap_err().to_string();
            assert!(error.contains(name) && error.contains(why), "{error}");
            assert!(!error.contains("hunter") && !error.contains(key), "{error}");
        }
    }
}
