//! `Idempotency-Key`: a request that is sent twice is done once and answered twice alike.
//!
//! The key's row commits in the same transaction as what the request does. A second request's insert waits for the
//! first one's commit, and then finds the answer that was stored.

use crate::{
    AppState,
    problem::{Code, Problem},
    state::Deadline,
};
use diesel::{
    prelude::*,
    result::Error as DieselError,
    sql_types::{Binary, Jsonb, Nullable, SmallInt, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use gotong_shared::db::schema::idempotency_keys;
use poem_openapi::types::ParseFromJSON;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::time::Duration;
use uuid::Uuid;

/// How long a second request waits for the first; what is added lets PostgreSQL say so itself.
const PATIENCE: Duration = Duration::from_millis(5_500);

/// A client's name for a request, within one workspace and operation. It is forgotten after a day.
#[derive(Clone, Debug)]
pub struct IdempotencyKey {
    scope: String,
    key: String,
}

impl IdempotencyKey {
    /// Reads the header of an operation in a workspace.
    ///
    /// # Errors
    /// When it is empty, longer than 255 characters, or not of visible ASCII characters.
    pub fn read(workspace_id: Uuid, operation: &str, header: Option<String>) -> Result<Option<Self>, Problem> {
        let Some(key) = header else { return Ok(None) };
        if key.is_empty() || key.len() > 255 || !key.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(Problem::new(Code::Invalid, "The Idempotency-Key is not acceptable.")
                .at("/header/Idempotency-Key", "has 1 to 255 visible ASCII characters"));
        }
        Ok(Some(Self { scope: format!("{workspace_id}:{operation}"), key }))
    }
}

impl IdempotencyKey {
    /// The request that asks so under this key.
    pub fn of(self, asked: impl AsRef<[u8]>) -> KeyedRequest {
        KeyedRequest { key: self, fingerprint: Sha256::digest(asked).into() }
    }
}

/// A request under a key.
#[derive(Clone, Debug)]
pub struct KeyedRequest {
    key: IdempotencyKey,
    /// What tells it from another request under the same key: the SHA-256 of what was asked.
    fingerprint: [u8; 32],
}

/// How a request was answered.
pub struct StoredAnswer {
    /// Its status.
    pub status: u16,
    /// Its `Location`.
    pub location: Option<String>,
    /// Its body.
    pub body: Value,
}

impl StoredAnswer {
    /// The body as what it was.
    ///
    /// # Errors
    /// When it is none.
    pub fn read<T: ParseFromJSON>(self) -> Result<T, Problem> {
        T::parse_from_json(Some(self.body)).map_err(|error| Problem::internal(error.into_message()))
    }
}

/// Why a key is not ours.
pub enum ClaimError {
    /// Another request has committed it: the transaction is to be rolled back, and that answer to be replayed.
    Taken,
    /// The other request is still under way after five seconds, or PostgreSQL does not answer.
    Refused(Problem),
}

/// Takes the key within the caller's transaction, and stores the answer to be replayed. Waits for another request that
/// has taken it and not committed yet.
///
/// # Errors
/// See [`ClaimError`]. The caller's transaction is then to be rolled back.
pub async fn claim(
    connection: &mut AsyncPgConnection,
    KeyedRequest { key, fingerprint }: &KeyedRequest,
    answer: &StoredAnswer,
) -> Result<(), ClaimError> {
    let refuse = |error: gotong_shared::db::DatabaseError| ClaimError::Refused(error.into());
    let settings = "set local lock_timeout = '5s'; set local statement_timeout = '5500ms'";
    Deadline::after(PATIENCE / 4).bound(connection.batch_execute(settings)).await.map_err(refuse)?;
    let statement = "
        insert into idempotency_keys (scope, key, fingerprint, status, location, body, expires_at)
        values ($1, $2, $3, $4, $5, $6, now() + interval '1 day')
        on conflict (scope, key) do update set
            fingerprint = excluded.fingerprint, status = excluded.status, location = excluded.location,
            body = excluded.body, created_at = now(), expires_at = excluded.expires_at
        where idempotency_keys.expires_at <= now()";
    let insert = diesel::sql_query(statement)
        .bind::<Text, _>(&key.scope)
        .bind::<Text, _>(&key.key)
        .bind::<Binary, _>(fingerprint.as_slice())
        .bind::<SmallInt, _>(i16::try_from(answer.status).unwrap_or(i16::MAX))
        .bind::<Nullable<Text>, _>(answer.location.as_deref())
        .bind::<Jsonb, _>(&answer.body)
        .execute(connection);
    // Outside the bound's own error type, because a lock that was waited for in vain is no failure of PostgreSQL.
    match tokio::time::timeout(PATIENCE, insert).await {
        Ok(Ok(0)) => Err(ClaimError::Taken),
        Ok(Ok(_)) => Ok(()),
        Ok(Err(DieselError::DatabaseError(_, info))) if info.message().contains("lock timeout") => Err(under_way()),
        Ok(Err(error)) => Err(ClaimError::Refused(error.into())),
        Err(_) => Err(under_way()),
    }
}

fn under_way() -> ClaimError {
    let detail = "Another request with this Idempotency-Key is still under way.";
    let problem = Problem::new(Code::IdempotencyConflict, detail).about("/header/Idempotency-Key").retry_after(2);
    ClaimError::Refused(problem)
}

/// Whether an answer is stored under the key.
///
/// # Errors
/// When the database does not answer.
pub async fn is_taken(state: &AppState, key: &IdempotencyKey) -> Result<bool, Problem> {
    Ok(stored(state, key).await?.is_some())
}

/// The answer to be given again, if the request's key is taken.
///
/// # Errors
/// When the key was used for another request, or the database does not answer.
pub async fn replay(state: &AppState, request: &KeyedRequest) -> Result<Option<StoredAnswer>, Problem> {
    match stored(state, &request.key).await? {
        Some((_, fingerprint)) if fingerprint != request.fingerprint => {
            let detail = "This Idempotency-Key was used for another request.";
            Err(Problem::new(Code::IdempotencyMismatch, detail).about("/header/Idempotency-Key"))
        }
        found => Ok(found.map(|(answer, _)| answer)),
    }
}

/// The answer to be given again to a request whose key was just taken.
///
/// # Errors
/// As [`replay`], and when the key has expired in between.
pub async fn replay_taken(state: &AppState, request: &KeyedRequest) -> Result<StoredAnswer, Problem> {
    let detail = "The first request with this Idempotency-Key has just expired; send it again.";
    let expired = || Problem::new(Code::IdempotencyConflict, detail).retry_after(1);
    replay(state, request).await?.ok_or_else(expired)
}

/// What is stored under the key, and the fingerprint of the request.
async fn stored(state: &AppState, key: &IdempotencyKey) -> Result<Option<(StoredAnswer, Vec<u8>)>, Problem> {
    let mut session = state.session().await?;
    let (connection, deadline) = session.ledger();
    let query = idempotency_keys::table
        .find((&key.scope, &key.key))
        .filter(idempotency_keys::expires_at.gt(diesel::dsl::now))
        .select((
            idempotency_keys::status,
            idempotency_keys::location,
            idempotency_keys::body,
            idempotency_keys::fingerprint,
        ));
    let row =
        deadline.bound(async { query.first::<(i16, Option<String>, Value, Vec<u8>)>(connection).await.optional() });
    let Some((status, location, body, fingerprint)) = row.await? else { return Ok(None) };
    let status = u16::try_from(status).map_err(Problem::internal)?;
    Ok(Some((StoredAnswer { status, location, body }, fingerprint)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_visible_characters_and_a_bound() {
        let read = |key: &str| IdempotencyKey::read(Uuid::nil(), "create_media", Some(key.into()));
        assert!(read("8e03978e-40d5-43dd-bc93-6894a57f9324").unwrap().is_some());
        assert!(IdempotencyKey::read(Uuid::nil(), "create_media", None).unwrap().is_none());
        for bad in ["", "two words", "schlüssel", &"x".repeat(256)] {
            assert_eq!(read(bad).unwrap_err().code(), Code::Invalid, "{bad}");
        }
    }
}
