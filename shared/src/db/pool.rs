//! The connection pool, the migrations, the health check.

use crate::config::DatabaseConfig;
use diesel_async::{
    AsyncMigrationHarness, AsyncPgConnection, RunQueryDsl,
    pooled_connection::{
        AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod,
        deadpool::{Object, Pool},
    },
};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use std::time::Duration;

/// Every migration, embedded.
pub const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../migrations");

/// A pooled connection.
pub type Connection = Object<AsyncPgConnection>;

/// What a call to PostgreSQL ends in.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// No connection could be had, or the one in use broke: the work may be tried again later.
    #[error("PostgreSQL is unavailable: {0}")]
    Unavailable(String),
    /// A statement failed.
    #[error("a statement failed: {0}")]
    Statement(diesel::result::Error),
    /// A migration failed.
    #[error("a migration failed: {0}")]
    Migration(String),
}

impl DatabaseError {
    /// Whether the same call may succeed later without any change.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unavailable(_) => true,
            Self::Statement(error) => is_broken(error),
            Self::Migration(_) => false,
        }
    }
}

impl From<diesel::result::Error> for DatabaseError {
    fn from(error: diesel::result::Error) -> Self {
        if is_broken(&error) { Self::Unavailable(error.to_string()) } else { Self::Statement(error) }
    }
}

/// Errors that say nothing about the statement: the connection is gone, the server is stopping or starting, the
/// statement ran out of its time.
fn is_broken(error: &diesel::result::Error) -> bool {
    use diesel::result::{DatabaseErrorKind as Kind, Error};
    match error {
        Error::BrokenTransactionManager
        | Error::DatabaseError(Kind::ClosedConnection | Kind::SerializationFailure | Kind::UnableToSendCommand, _) => {
            true
        }
        Error::DatabaseError(Kind::Unknown, info) => {
            let text = info.message();
            [
                "connection",
                "terminating",
                "starting up",
                "shutting down",
                "in recovery",
                "statement timeout",
                "lock timeout",
            ]
            .iter()
            .any(|sign| text.contains(sign))
        }
        _ => false,
    }
}

/// The pool. Cheap to clone.
#[derive(Clone)]
pub struct Database {
    pool: Pool<AsyncPgConnection>,
    timeout: Duration,
    url: String,
}

impl Database {
    /// A pool that connects when it is first used.
    ///
    /// # Errors
    /// When the pool cannot be built.
    pub fn new(config: &DatabaseConfig) -> Result<Self, DatabaseError> {
        let mut manager = ManagerConfig::default();
        manager.recycling_method = RecyclingMethod::Fast;
        let statement_timeout = config.timeout.as_millis();
        manager.custom_setup = Box::new(move |url| {
            let url = url.to_owned();
            Box::pin(async move {
                let mut connection = <AsyncPgConnection as diesel_async::AsyncConnection>::establish(&url).await?;
                let set = format!("set statement_timeout = {statement_timeout}; set timezone = 'UTC'");
                diesel_async::SimpleAsyncConnection::batch_execute(&mut connection, &set)
                    .await
                    .map_err(diesel::ConnectionError::CouldntSetupConfiguration)?;
                Ok(connection)
            })
        });
        let pool = Pool::builder(AsyncDieselConnectionManager::new_with_config(&config.url, manager))
            .max_size(config.connections)
            .wait_timeout(Some(config.timeout))
            .create_timeout(Some(config.timeout))
            .recycle_timeout(Some(config.timeout))
            .runtime(deadpool::Runtime::Tokio1)
            .build()
            .map_err(|error| DatabaseError::Unavailable(error.to_string()))?;
        Ok(Self { pool, timeout: config.timeout, url: config.url.clone() })
    }

    /// A connection, within the configured time.
    ///
    /// # Errors
    /// [`DatabaseError::Unavailable`] when none can be had in time.
    pub async fn connection(&self) -> Result<Connection, DatabaseError> {
        self.pool.get().await.map_err(|error| DatabaseError::Unavailable(error.to_string()))
    }

    /// A connection outside the pool, for whoever keeps it for long.
    ///
    /// # Errors
    /// [`DatabaseError::Unavailable`] when PostgreSQL does not let it in.
    pub async fn own_connection(&self) -> Result<AsyncPgConnection, DatabaseError> {
        use diesel_async::AsyncConnection;
        let connection = AsyncPgConnection::establish(&self.url).await;
        connection.map_err(|error| DatabaseError::Unavailable(error.to_string()))
    }

    /// How long the pool waits for a connection, and PostgreSQL works on one statement.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Asks PostgreSQL for an answer.
    ///
    /// # Errors
    /// [`DatabaseError::Unavailable`] when it gives none.
    pub async fn ping(&self) -> Result<(), DatabaseError> {
        let mut connection = self.connection().await?;
        diesel::sql_query("select 1").execute(&mut connection).await?;
        Ok(())
    }

    /// Applies what is missing of [`MIGRATIONS`]; processes that start together wait for each other.
    ///
    /// # Errors
    /// When PostgreSQL cannot be reached or a migration fails.
    pub async fn migrate(&self) -> Result<Vec<String>, DatabaseError> {
        use diesel_async::AsyncConnection;
        let mut connection = AsyncPgConnection::establish(&self.url)
            .await
            .map_err(|error| DatabaseError::Unavailable(error.to_string()))?;
        diesel::sql_query("select pg_advisory_lock(hashtext('gotong migrations'))").execute(&mut connection).await?;
        let applied = tokio::task::spawn_blocking(move || {
            let mut harness = AsyncMigrationHarness::new(connection);
            let applied = harness.run_pending_migrations(MIGRATIONS)?;
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(applied.iter().map(ToString::to_string).collect())
        });
        let applied = applied.await.map_err(|error| DatabaseError::Migration(error.to_string()))?;
        applied.map_err(|error| DatabaseError::Migration(error.to_string()))
    }
}
