//! What every request may use.

use crate::{
    Config,
    auth::{Lookups, throttle::Throttle},
    feed::Feeds,
    problem::Problem,
    routes::{jobs::Group, operating::Figures},
};
use diesel::result::Error as DieselError;
use diesel_async::AsyncPgConnection;
use gotong_queue::Micros;
use gotong_shared::{
    config::{BackupConfig, UploadLimits},
    db::{Connection, Database, DatabaseError},
    enqueue::{Dispatcher, Enqueued},
    mail::{Mail, MailError},
    reports::source::{ReportDatabase, SourceError},
    search::{Search, SearchError},
    storage::Storage,
};
use lettre::{Address, message::Mailbox};
use std::{future::Future, sync::Arc, time::Duration};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout, timeout_at},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use url::Url;

/// How many requests may hold their answer back (`Prefer: wait`) at once.
const WAITERS: usize = 256;

/// How many passwords are hashed at once: each takes 19 MiB.
const HASHERS: usize = 2;

/// How long Redis is waited for when a job is pushed.
const DISPATCH_PATIENCE: Duration = Duration::from_secs(1);

/// Why the API cannot be put together.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The pool cannot be built.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The address of Redis can never work.
    #[error("GOTONG_REDIS_URL: {0}")]
    Queue(#[from] gotong_queue::Error),
    /// The address of Elasticsearch can never work.
    #[error("GOTONG_ELASTICSEARCH_URL: {0}")]
    Search(#[from] SearchError),
    /// The address of the database can never work.
    #[error("GOTONG_DATABASE_URL: {0}")]
    Reports(#[from] SourceError),
    /// The address of the SMTP server can never work.
    #[error("GOTONG_SMTP_URL: {0}")]
    Mail(#[from] MailError),
}

/// What every request may use. Cheap to clone.
#[derive(Clone)]
pub struct AppState {
    /// PostgreSQL. Requests go through [`AppState::session`], which bounds them.
    pub database: Database,
    /// PostgreSQL, to be shown the queries of workspaces.
    pub reports: ReportDatabase,
    /// S3.
    pub storage: Storage,
    /// Redis.
    pub dispatcher: Dispatcher,
    /// Elasticsearch.
    pub search: Search,
    /// SMTP.
    pub mail: Mail,
    /// Whom e-mails are from, and where their links lead.
    pub letterhead: Arc<Letterhead>,
    /// What is backed up, and what is promised of it.
    pub backups: Arc<BackupConfig>,
    /// What may be uploaded.
    pub uploads: UploadLimits,
    /// When this process started.
    pub started: Instant,
    /// Cancelled when the process is asked to stop.
    pub stopping: CancellationToken,
    /// Work that outlives its request; a stop waits for it.
    pub tasks: TaskTracker,
    /// Whether cookies may travel over TLS only: when the API's public address is `https://`.
    pub secure_cookies: bool,
    /// Wrong passwords.
    pub throttle: Arc<Throttle>,
    /// What operators look at, read once for all who ask at the same time.
    pub figures: Arc<Figures>,
    /// Keys that are looked up.
    pub lookups: Arc<Lookups>,
    /// Single jobs that wait to be written.
    pub group: Arc<Group>,
    /// Live views.
    pub feeds: Arc<Feeds>,
    /// Passwords that are hashed at once.
    pub password_places: Arc<Semaphore>,
    upload_places: Arc<Semaphore>,
    wait_places: Arc<Semaphore>,
}

impl AppState {
    /// Puts the clients together. Nothing is connected yet.
    ///
    /// # Errors
    /// When an address can never work.
    pub async fn new(config: &Config) -> Result<Self, StateError> {
        let client = gotong_queue::Client::connect(config.queue.engine()).await?;
        Ok(Self {
            database: Database::new(&config.database)?,
            reports: ReportDatabase::new(&config.database.url)?,
            storage: Storage::new(&config.storage),
            dispatcher: Dispatcher::new(client),
            search: Search::new(&config.search)?,
            mail: Mail::new(&config.mail)?,
            letterhead: Arc::new(Letterhead {
                from: config.mail.from.clone(),
                return_path: config.mail.return_path.clone(),
                public_url: config.api.public_url.clone(),
            }),
            backups: Arc::new(config.backups.clone()),
            uploads: config.api.uploads,
            started: Instant::now(),
            stopping: CancellationToken::new(),
            tasks: TaskTracker::new(),
            secure_cookies: config.api.public_url.scheme() == "https",
            throttle: Arc::default(),
            figures: Arc::default(),
            lookups: Arc::default(),
            group: Arc::default(),
            feeds: Arc::default(),
            password_places: Arc::new(Semaphore::new(HASHERS)),
            upload_places: Arc::new(Semaphore::new(config.api.uploads.concurrent)),
            wait_places: Arc::new(Semaphore::new(WAITERS)),
        })
    }

    /// A connection to the ledger and the time by which it must have answered, so that no request hangs.
    ///
    /// # Errors
    /// [`DatabaseError::Unavailable`] when there is none in time.
    pub async fn session(&self) -> Result<Session, DatabaseError> {
        let deadline = Deadline::after(self.database.timeout());
        let connection =
            timeout_at(deadline.0, self.database.connection()).await.unwrap_or_else(|_| Err(no_answer()))?;
        Ok(Session { connection, deadline })
    }

    /// Redis time, from which a push's deadline counts; `None` if Redis does not answer soon.
    pub async fn clock(&self) -> Option<Micros> {
        timeout(DISPATCH_PATIENCE / 4, self.dispatcher.clock()).await.unwrap_or(None)
    }

    /// Hands what was accepted to Redis behind the request's back. Whatever Redis does not take is left to the relay.
    pub fn push(&self, clock: Option<Micros>, enqueued: Enqueued) {
        let dispatcher = self.dispatcher.clone();
        self.tasks.spawn(async move { timeout(DISPATCH_PATIENCE, dispatcher.push(clock, enqueued)).await });
    }

    /// A place among the uploads under way, if one is free.
    #[must_use]
    pub fn upload_place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.upload_places).try_acquire_owned().ok()
    }

    /// A place among the requests that hold their answer back, if one is free.
    #[must_use]
    pub fn wait_place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.wait_places).try_acquire_owned().ok()
    }
}

/// What every e-mail says of its sender.
pub struct Letterhead {
    /// Whom it is from.
    pub from: Mailbox,
    /// Where bounces go.
    pub return_path: Address,
    /// Where this API is.
    pub public_url: Url,
}

/// A connection to the ledger with a bound on its use.
pub struct Session {
    /// The connection.
    pub connection: Connection,
    /// By when it must have answered.
    pub deadline: Deadline,
}

impl Session {
    /// The connection as diesel wants it.
    pub fn ledger(&mut self) -> (&mut AsyncPgConnection, Deadline) {
        (&mut self.connection, self.deadline)
    }
}

/// By when PostgreSQL must have answered. Its own statement timeout does not help when the server hangs.
#[derive(Clone, Copy)]
pub struct Deadline(Instant);

impl Deadline {
    /// That long from now.
    #[must_use]
    pub fn after(time: Duration) -> Self {
        Self(Instant::now() + time)
    }

    /// The answer, or [`DatabaseError::Unavailable`] when it comes too late.
    ///
    /// # Errors
    /// What the statement ends in.
    pub async fn bound<T>(self, statement: impl Future<Output = Result<T, DieselError>>) -> Result<T, DatabaseError> {
        self.within(statement).await?.map_err(DatabaseError::from)
    }

    /// What the work comes to, or [`DatabaseError::Unavailable`] when that takes too long.
    ///
    /// # Errors
    /// When it takes too long.
    pub async fn within<T>(self, work: impl Future<Output = T>) -> Result<T, DatabaseError> {
        timeout_at(self.0, work).await.map_err(|_| no_answer())
    }
}

fn no_answer() -> DatabaseError {
    DatabaseError::Unavailable("it gave no answer in time".into())
}

impl From<DieselError> for Problem {
    fn from(error: DieselError) -> Self {
        DatabaseError::from(error).into()
    }
}
