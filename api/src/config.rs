//! Everything the API reads at its start.

use gotong_shared::config::{
    ApiConfig, BackupConfig, ConfigError, DatabaseConfig, MailConfig, ProcessConfig, QueueConfig, Reader, SearchConfig,
    StorageConfig,
};

/// The configuration of one API process.
#[derive(Clone)]
pub struct Config {
    /// Environment and logs.
    pub process: ProcessConfig,
    /// Listening and uploads.
    pub api: ApiConfig,
    /// PostgreSQL.
    pub database: DatabaseConfig,
    /// Redis.
    pub queue: QueueConfig,
    /// S3.
    pub storage: StorageConfig,
    /// Elasticsearch.
    pub search: SearchConfig,
    /// SMTP.
    pub mail: MailConfig,
    /// Backups.
    pub backups: BackupConfig,
}

impl Config {
    /// Reads every variable.
    ///
    /// # Errors
    /// Every variable that is missing or wrong.
    pub fn read(mut reader: Reader) -> Result<Self, ConfigError> {
        let database = DatabaseConfig::read(&mut reader);
        let storage = StorageConfig::read(&mut reader);
        let config = Self {
            process: ProcessConfig::read(&mut reader),
            api: ApiConfig::read(&mut reader),
            queue: QueueConfig::read(&mut reader),
            search: SearchConfig::read(&mut reader),
            mail: MailConfig::read(&mut reader),
            backups: BackupConfig::read(&mut reader, &database, &storage),
            database,
            storage,
        };
        reader.finish(config)
    }
}
