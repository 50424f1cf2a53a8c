//! A key's actor, from the ledger.
//!
//! Every request asks: an answer kept in memory would let a revoked key live on. Those that ask at the same time share
//! the query.

use super::{
    Actor,
    key::{self, KeyHash},
};
use crate::{AppState, gathered::Gathered, problem::Problem};
use diesel::{IntoSql, dsl::now, prelude::*, sql_types::Timestamptz};
use diesel_async::RunQueryDsl;
use gotong_shared::db::{models::ApiKey, schema::api_keys};
use uuid::Uuid;

/// Which key is meant.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum Meant {
    /// By what was sent.
    Hash(KeyHash),
    /// By what a session names.
    Id(Uuid),
}

/// Who holds that key, if it is one that is valid now.
pub(super) async fn actor_of_key(state: &AppState, key: &str) -> Result<Option<Actor>, Problem> {
    match key::hash(key) {
        Some(hash) => actor_of(state, Meant::Hash(hash)).await,
        None => Ok(None),
    }
}

/// Look-ups under way.
pub type Lookups = Gathered<Meant, Result<Option<Actor>, Problem>>;

/// Who holds the key that is meant, if it is valid now.
pub(super) async fn actor_of(state: &AppState, meant: Meant) -> Result<Option<Actor>, Problem> {
    state.lookups.get(meant, async |meant| look_up(state, *meant).await).await
}

async fn look_up(state: &AppState, meant: Meant) -> Result<Option<Actor>, Problem> {
    let this_moment = || now.into_sql::<Timestamptz>().nullable();
    let mut session = state.session().await?;
    let (connection, deadline) = session.ledger();
    let valid = api_keys::table
        .filter(api_keys::revoked_at.is_null())
        .filter(api_keys::expires_at.is_null().or(api_keys::expires_at.gt(this_moment())))
        .select(ApiKey::as_select())
        .into_boxed();
    let valid = match meant {
        Meant::Hash(hash) => valid.filter(api_keys::hash.eq(hash.to_vec())),
        Meant::Id(id) => valid.filter(api_keys::id.eq(id)),
    };
    let found = deadline.bound(async { valid.first(connection).await.optional() }).await?;
    let Some(key) = found else { return Ok(None) };
    // To the minute: writing a row for every request would cost more than the request.
    let noted = key.last_used_at.is_some_and(|time| chrono::Utc::now() - time < chrono::TimeDelta::minutes(1));
    if !noted {
        let note = diesel::update(api_keys::table.find(key.id)).set(api_keys::last_used_at.eq(this_moment()));
        deadline.bound(note.execute(connection)).await?;
    }
    let role = key.role.parse().map_err(Problem::internal)?;
    Ok(Some(Actor { id: key.id, workspace_id: key.workspace_id, role }))
}
