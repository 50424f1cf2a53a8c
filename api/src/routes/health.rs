//! `/health`: is it alive, can it accept work, how are the things it depends on.

use crate::{AppState, schema};
use poem::{IntoResponse, Response, handler, http::StatusCode, web::Data, web::Json};
use serde::Serialize;
use std::{collections::BTreeMap, fmt::Display, future::Future, time::Duration};
use tokio::time::{Instant, timeout};

/// The longest that one check may take.
const PATIENCE: Duration = Duration::from_millis(1_900);

/// The whole picture.
#[derive(Serialize)]
struct Health {
    status: Status,
    version: &'static str,
    uptime_seconds: u64,
    checks: BTreeMap<&'static str, Check>,
}

/// One dependency.
#[derive(Serialize)]
struct Check {
    status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    latency_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'static str>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Up,
    Down,
    Disabled,
}

/// Whether the process answers at all.
#[handler]
pub fn live() -> Response {
    Json(serde_json::json!({ "status": "up" })).into_response()
}

/// Whether it can accept work: the ledger answers, has every table, and the process is not stopping.
#[handler]
pub async fn ready(Data(state): Data<&AppState>) -> Response {
    let why = if state.stopping.is_cancelled() {
        Some("the process is stopping")
    } else {
        match timeout(PATIENCE, schema::missing(&state.database)).await {
            Ok(Ok(missing)) if missing.is_empty() => None,
            Ok(Ok(_)) => Some("migrations are missing; run gotong-api migrate"),
            Ok(Err(_)) | Err(_) => Some("the database does not answer"),
        }
    };
    match why {
        None => Json(serde_json::json!({ "status": "ready" })).into_response(),
        Some(why) => {
            let body = Json(serde_json::json!({ "status": "unready", "reason": why }));
            body.with_status(StatusCode::SERVICE_UNAVAILABLE).into_response()
        }
    }
}

/// How everything is that work needs sooner or later.
#[handler]
pub async fn health(Data(state): Data<&AppState>) -> Response {
    let checks = Box::pin(look(state)).await;
    let is_down = checks.values().any(|check| check.status == Status::Down);
    let body = Json(Health {
        status: if is_down { Status::Down } else { Status::Up },
        version: env!("CARGO_PKG_VERSION"),
        uptime_seconds: state.started.elapsed().as_secs(),
        checks,
    });
    let status = if is_down { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    body.with_status(status).into_response()
}

/// The parts that give no answer or refuse.
pub async fn down(state: &AppState) -> Vec<&'static str> {
    let checks = Box::pin(look(state)).await;
    checks.into_iter().filter(|(_, check)| check.status == Status::Down).map(|(name, _)| name).collect()
}

async fn look(state: &AppState) -> BTreeMap<&'static str, Check> {
    let (search, mail) = (state.search.is_configured(), state.mail.is_configured());
    let (database, redis, search, storage, mail) = tokio::join!(
        check("database", true, state.database.ping()),
        check("redis", true, state.dispatcher.client().ping()),
        check("search", search, state.search.ping()),
        check("storage", true, state.storage.ping()),
        check("mail", mail, state.mail.ping()),
    );
    BTreeMap::from([database, redis, search, storage, mail])
}

/// What went wrong stands in the log: an error's text may name hosts and accounts.
async fn check<T, E: Display>(
    name: &'static str,
    is_configured: bool,
    ping: impl Future<Output = Result<T, E>>,
) -> (&'static str, Check) {
    if !is_configured {
        return (name, Check { status: Status::Disabled, latency_ms: None, error: None });
    }
    let start = Instant::now();
    let error = match timeout(PATIENCE, ping).await {
        Ok(Ok(_)) => None,
        Ok(Err(error)) => {
            tracing::warn!(check = name, %error, "a dependency is down");
            Some("it cannot be reached or refuses")
        }
        Err(_) => {
            tracing::warn!(check = name, "a dependency gives no answer");
            Some("it gave no answer in time")
        }
    };
    let status = if error.is_none() { Status::Up } else { Status::Down };
    let latency = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
    (name, Check { status, latency_ms: Some(latency), error })
}
