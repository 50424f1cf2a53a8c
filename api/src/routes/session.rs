//! `/session`: signing in and out in a browser.

use super::Tag;
use crate::{
    AppState,
    auth::{
        Actor, Reader, Role,
        session::{self, Begun},
    },
    json::JsonBody,
    problem::{Code, Declares, Problem, Refused},
};
use chrono::{DateTime, Utc};
use poem::{
    Request,
    http::{HeaderValue, header},
    web::Data,
};
use poem_openapi::{ApiResponse, Object, OpenApi, payload::Json};
use serde::Deserialize;
use uuid::Uuid;

/// Problems of signing in.
pub struct SigningIn;

impl Declares for SigningIn {
    const STATUSES: &'static [u16] = &[400, 401, 413, 415, 422, 429, 500, 503];
}

/// Problems of a session.
pub struct Holding;

impl Declares for Holding {
    const STATUSES: &'static [u16] = &[401, 403, 500, 503];
}

/// Who signs in: a person by address and password, or the holder of a key.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
struct SignIn {
    /// A person's address.
    email: Option<String>,
    /// Their password.
    #[oai(validator(max_length = 1000))]
    password: Option<String>,
    /// Or an API key.
    api_key: Option<String>,
}

/// Who is signed in.
#[derive(Object)]
#[oai(skip_serializing_if_is_none)]
struct Session {
    /// The person's or key's id.
    actor_id: Uuid,
    /// The workspace whose things they see.
    workspace_id: Uuid,
    /// What they may do there.
    role: Role,
    /// When the session that has just begun ends by itself.
    expires_at: Option<DateTime<Utc>>,
}

impl Session {
    fn of(actor: &Actor, expires_at: Option<DateTime<Utc>>) -> Self {
        Self { actor_id: actor.id, workspace_id: actor.workspace_id, role: actor.role, expires_at }
    }
}

#[derive(ApiResponse)]
enum SignedIn {
    /// The session has begun; its token is in the cookie.
    #[oai(status = 201)]
    Begun(
        Json<Session>,
        /// The cookie `gotong_session`, out of reach for scripts and for other sites.
        #[oai(header = "Set-Cookie")]
        String,
    ),
}

#[derive(ApiResponse)]
enum SignedOut {
    /// The session has ended.
    #[oai(status = 204)]
    Ended(
        /// Takes the cookie back.
        #[oai(header = "Set-Cookie")]
        String,
    ),
}

/// The operations on the browser's session.
pub struct SessionApi;

#[OpenApi(prefix_path = "/session", tag = "Tag::Session")]
impl SessionApi {
    /// Sign in.
    ///
    /// Send `email` and `password`, or `api_key`. The session is kept in a cookie for twelve hours. A request that brings
    /// the cookie instead of a key and changes something must carry the header `X-Gotong-CSRF: 1`.
    #[oai(path = "/", method = "post", operation_id = "create_session")]
    async fn create(&self, Data(app): Data<&AppState>, body: JsonBody<SignIn>) -> Result<SignedIn, Refused<SigningIn>> {
        let begun = match body.0 {
            SignIn { email: Some(email), password: Some(password), api_key: None } => {
                sign_in_person(app, &email, password).await?
            }
            SignIn { email: None, password: None, api_key: Some(key) } => session::sign_in_key(app, &key).await?,
            _ => {
                let problem = Problem::new(Code::Invalid, "Send email and password, or api_key.");
                return Err(problem.at("", "has email and password, or api_key, and no more").into());
            }
        };
        let Some(Begun { actor, token, expires_at }) = begun else {
            let detail = "The address, the password or the key is wrong.";
            let how = HeaderValue::from_static(r#"Bearer realm="gotong""#);
            return Err(Problem::new(Code::Unauthenticated, detail).header(header::WWW_AUTHENTICATE, how).into());
        };
        Ok(SignedIn::Begun(Json(Session::of(&actor, Some(expires_at))), session::cookie(&token, app.secure_cookies)))
    }

    /// Tell who is signed in.
    ///
    /// Answers for a key as for a session.
    #[expect(clippy::unused_async, reason = "every operation is async")]
    #[oai(path = "/", method = "get", operation_id = "get_session")]
    async fn get(&self, caller: Reader) -> Result<Json<Session>, Refused<Holding>> {
        Ok(Json(Session::of(&caller, None)))
    }

    /// Sign out.
    #[oai(path = "/", method = "delete", operation_id = "delete_session")]
    async fn delete(
        &self,
        Data(app): Data<&AppState>,
        _caller: Reader,
        request: &Request,
    ) -> Result<SignedOut, Refused<Holding>> {
        session::end(app, request).await?;
        Ok(SignedOut::Ended(session::cookie("", app.secure_cookies)))
    }
}

async fn sign_in_person(app: &AppState, email: &str, password: String) -> Result<Option<Begun>, Problem> {
    if let Some(seconds) = app.throttle.wait(email) {
        let detail = "Too many wrong passwords for this address; wait before you try again.";
        return Err(Problem::new(Code::TooManyAttempts, detail).retry_after(seconds));
    }
    let begun = session::sign_in_person(app, email, password).await?;
    if begun.is_none() {
        app.throttle.note(email);
    }
    Ok(begun)
}
