//! The life of an API process: check, listen, drain.

use crate::{
    AppState, Config, StateError, app, feed,
    patience::{PATIENCE, Patient},
    schema,
};
use gotong_shared::storage::Storage;
use poem::{Server, listener::TcpAcceptor};
use std::{future::Future, io, net::SocketAddr, time::Duration};
use tokio::{net::TcpListener, time::timeout};
use tokio_util::sync::CancellationToken;

/// How long a connection may be silent.
const IDLE: Duration = Duration::from_secs(75);

/// Why the API does not run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// An address can never work.
    #[error(transparent)]
    State(#[from] StateError),
    /// The database is older than this program.
    #[error("the database lacks {0} migration(s), the first is {1}; run `gotong-api migrate`")]
    Migrations(usize, String),
    /// The address is taken, or not ours.
    #[error("cannot listen on {0}: {1}; set GOTONG_API_LISTEN to another address")]
    Listen(SocketAddr, io::Error),
    /// The server broke.
    #[error("the server stopped: {0}")]
    Server(io::Error),
}

/// Runs the API until `shutdown`, then finishes the requests under way.
///
/// # Errors
/// When it cannot start: a wrong address, one that is taken, or missing migrations. PostgreSQL, Redis and S3 may be down:
/// the API then says so itself, and works as soon as they are back.
pub async fn run(config: Config, shutdown: impl Future<Output = ()> + Send) -> Result<(), RunError> {
    let state = AppState::new(&config).await?;
    match schema::missing(&state.database).await {
        Ok(missing) => {
            if let Some(first) = missing.first() {
                return Err(RunError::Migrations(missing.len(), first.clone()));
            }
        }
        Err(error) => tracing::warn!(%error, "started without a database"),
    }
    let listen = config.api.listen;
    let listener = TcpListener::bind(listen).await.map_err(|error| RunError::Listen(listen, error))?;
    serve(state, listener, config.api.drain, shutdown).await
}

/// Serves on a socket that is already bound, until `shutdown`; then answers what is under way for `drain` at most.
///
/// # Errors
/// When the server breaks.
pub async fn serve(
    state: AppState,
    listener: TcpListener,
    drain: Duration,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), RunError> {
    let acceptor = Patient::new(TcpAcceptor::from_tokio(listener).map_err(RunError::Server)?, PATIENCE);
    let feeds = tokio::spawn(feed::run(state.clone()));
    let bucket = tokio::spawn(make_bucket(state.storage.clone(), state.stopping.clone()));
    let stop = async {
        shutdown.await;
        tracing::info!("stopping");
        state.stopping.cancel();
    };
    let server = Server::new_with_acceptor(acceptor).name("gotong-api").idle_timeout(IDLE);
    let outcome = server.run_with_graceful_shutdown(app(state.clone()), stop, Some(drain)).await;
    bucket.abort();
    feeds.abort();
    // What was received whole is still committed after its client is gone.
    state.tasks.close();
    if timeout(drain, state.tasks.wait()).await.is_err() {
        tracing::warn!("stopped before everything that was received was committed");
    }
    outcome.map_err(RunError::Server)
}

/// Makes the bucket as soon as the object store answers.
async fn make_bucket(storage: Storage, stopping: CancellationToken) {
    let mut pause = Duration::from_millis(250);
    while !stopping.is_cancelled() {
        match storage.ensure_bucket().await {
            Ok(()) => return,
            Err(error) => tracing::warn!(%error, "the bucket could not be made yet"),
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(10));
    }
}
