//! Sessions of the dashboard: a random token in a cookie, its hash in the ledger.
//!
//! The cookie is `HttpOnly`, so no script can read it, and `SameSite=Strict`, so no other site can make a browser send
//! it. A request that changes something must carry a header besides, which a form on another site cannot set.

use super::{
    Actor, Role,
    key::{KeyHash, NoRandomness},
    lookup, password,
};
use crate::{AppState, problem::Problem};
use chrono::{DateTime, TimeDelta, Utc};
use diesel::{dsl::now, prelude::*};
use diesel_async::RunQueryDsl;
use gotong_shared::db::{
    models::User,
    schema::{sessions, users},
};
use poem::{
    Request,
    http::{Method, header},
};
use rand::{TryRngCore, rngs::OsRng};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// The cookie's name.
pub const COOKIE: &str = "gotong_session";
/// The header that a request with a cookie must carry to change something.
pub const CSRF_HEADER: &str = "x-gotong-csrf";
/// How long a session lasts.
const LIFETIME: TimeDelta = TimeDelta::hours(12);

/// A session that has just begun.
pub struct Begun {
    /// Who signed in.
    pub actor: Actor,
    /// What the browser keeps.
    pub token: String,
    /// When it ends by itself.
    pub expires_at: DateTime<Utc>,
}

/// Begins a session of the person with that address and password.
///
/// # Errors
/// When the database does not answer; `None` for a wrong address or password, which take equally long.
pub async fn sign_in_person(state: &AppState, email: &str, password: String) -> Result<Option<Begun>, Problem> {
    let user = find_user(state, email).await?;
    // Hashing a password takes as much memory as it takes time: two at once are enough.
    let place = state.password_places.clone().acquire_owned().await.map_err(Problem::internal)?;
    let hash = user.as_ref().map(|user| user.password_hash.clone());
    let checked = tokio::task::spawn_blocking(move || {
        let is_right = match hash {
            Some(hash) => password::verify(&password, &hash),
            None => password::waste(&password),
        };
        drop(place);
        is_right
    });
    let is_right = checked.await.map_err(Problem::internal)?;
    let Some(user) = user.filter(|_| is_right) else { return Ok(None) };
    let role = user.role.parse().map_err(Problem::internal)?;
    let actor = Actor { id: user.id, workspace_id: user.workspace_id, role };
    begin(state, actor, Holder::Person).await.map(Some)
}

/// Begins a session of whoever holds the key.
///
/// # Errors
/// When the database does not answer; `None` when the key is not valid.
pub async fn sign_in_key(state: &AppState, key: &str) -> Result<Option<Begun>, Problem> {
    match lookup::actor_of_key(state, key).await? {
        Some(actor) => begin(state, actor, Holder::Key).await.map(Some),
        None => Ok(None),
    }
}

enum Holder {
    Person,
    Key,
}

async fn begin(state: &AppState, actor: Actor, holder: Holder) -> Result<Begun, Problem> {
    let mut secret = [0; 32];
    OsRng.try_fill_bytes(&mut secret).map_err(|_| Problem::internal(NoRandomness))?;
    let token = hex::encode(secret);
    let expires_at = Utc::now() + LIFETIME;
    let (user, key) = match holder {
        Holder::Person => (Some(actor.id), None),
        Holder::Key => (None, Some(actor.id)),
    };
    let mut session = state.session().await?;
    let (connection, deadline) = session.ledger();
    let old = diesel::delete(sessions::table.filter(sessions::expires_at.lt(now)));
    deadline.bound(old.execute(connection)).await?;
    let insert = diesel::insert_into(sessions::table).values((
        sessions::hash.eq(hash_of(&token).to_vec()),
        sessions::user_id.eq(user),
        sessions::api_key_id.eq(key),
        sessions::expires_at.eq(expires_at),
    ));
    deadline.bound(insert.execute(connection)).await?;
    Ok(Begun { actor, token, expires_at })
}

/// Ends the session of the request's cookie, if there is one.
///
/// # Errors
/// When the database does not answer.
pub async fn end(state: &AppState, request: &Request) -> Result<(), Problem> {
    let Some(token) = token_of(request) else { return Ok(()) };
    let mut session = state.session().await?;
    let (connection, deadline) = session.ledger();
    let delete = diesel::delete(sessions::table.find(hash_of(token).to_vec()));
    deadline.bound(delete.execute(connection)).await?;
    Ok(())
}

/// Whose session the token is. A key that was revoked or has expired ends its sessions.
pub(super) async fn actor_of_session(state: &AppState, token: &str) -> Result<Option<Actor>, Problem> {
    type Holder = (Option<(Uuid, Uuid, String)>, Option<Uuid>);
    let mut session = state.session().await?;
    let (connection, deadline) = session.ledger();
    let query = sessions::table
        .left_join(users::table)
        .filter(sessions::hash.eq(hash_of(token).to_vec()).and(sessions::expires_at.gt(now)))
        .select(((users::id, users::workspace_id, users::role).nullable(), sessions::api_key_id));
    let found: Option<Holder> = deadline.bound(async { query.first(connection).await.optional() }).await?;
    match found {
        Some((Some((id, workspace_id, role)), _)) => {
            Ok(Some(Actor { id, workspace_id, role: role.parse::<Role>().map_err(Problem::internal)? }))
        }
        Some((None, Some(key))) => {
            drop(session);
            lookup::actor_of(state, lookup::Meant::Id(key)).await
        }
        _ => Ok(None),
    }
}

async fn find_user(state: &AppState, email: &str) -> Result<Option<User>, Problem> {
    let mut session = state.session().await?;
    let (connection, deadline) = session.ledger();
    diesel::define_sql_function! { fn lower(text: diesel::sql_types::Text) -> diesel::sql_types::Text; }
    let query = users::table.filter(lower(users::email).eq(lower(email))).select(User::as_select());
    Ok(deadline.bound(async { query.first(connection).await.optional() }).await?)
}

fn hash_of(token: &str) -> KeyHash {
    Sha256::digest(token).into()
}

/// The token of the request's cookie.
pub(super) fn token_of(request: &Request) -> Option<&str> {
    let cookies = request.headers().get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE).map(|(_, token)| token).filter(|token| token.len() == 64)
}

/// Whether a request that brings a cookie may change something: reading is free, all else needs the header.
pub(super) fn is_wanted(request: &Request) -> bool {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let from_elsewhere = request.header("sec-fetch-site").is_some_and(|site| !matches!(site, "same-origin" | "none"));
    reads || (request.headers().contains_key(CSRF_HEADER) && !from_elsewhere)
}

/// The cookie that keeps a token, or takes it back where the token is empty.
#[must_use]
pub fn cookie(token: &str, is_secure: bool) -> String {
    let age = if token.is_empty() { 0 } else { LIFETIME.num_seconds() };
    let secure = if is_secure { "; Secure" } else { "" };
    format!("{COOKIE}={token}; Path=/; Max-Age={age}; HttpOnly; SameSite=Strict{secure}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: Method, headers: &[(&str, &str)]) -> Request {
        let builder = Request::builder().method(method);
        headers.iter().fold(builder, |builder, (name, value)| builder.header(*name, *value)).finish()
    }

    #[test]
    fn the_token_is_found_among_other_cookies() {
        let token = "ab".repeat(32);
        let cookies = format!("theme=dark; {COOKIE}={token}; lang=id");
        assert_eq!(token_of(&request(Method::GET, &[("cookie", &cookies)])), Some(token.as_str()));
        assert_eq!(token_of(&request(Method::GET, &[("cookie", "gotong_session=short")])), None);
        assert_eq!(token_of(&request(Method::GET, &[])), None);
    }

    #[test]
    fn a_change_needs_the_header_and_our_own_page() {
        assert!(is_wanted(&request(Method::GET, &[])));
        assert!(!is_wanted(&request(Method::POST, &[])));
        assert!(is_wanted(&request(Method::POST, &[(CSRF_HEADER, "1")])));
        assert!(is_wanted(&request(Method::DELETE, &[(CSRF_HEADER, "1"), ("sec-fetch-site", "same-origin")])));
        assert!(!is_wanted(&request(Method::POST, &[(CSRF_HEADER, "1"), ("sec-fetch-site", "cross-site")])));
    }

    #[test]
    fn the_cookie_is_out_of_reach_for_scripts_and_other_sites() {
        let cookie = cookie("abc", true);
        assert_eq!(cookie, "gotong_session=abc; Path=/; Max-Age=43200; HttpOnly; SameSite=Strict; Secure");
        assert!(super::cookie("", false).contains("Max-Age=0;"));
    }
}
