//! Authentication as a parameter of an operation.

use super::{Actor, Role, lookup::actor_of_key, session};
use crate::{
    AppState,
    problem::{Code, Problem},
};
use poem::{
    Request, RequestBody,
    http::{HeaderValue, header},
};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ExtractParamOptions,
    registry::{MetaSecurityScheme, Registry},
};
use std::ops::Deref;

const SCHEME: &str = "api_key";

/// Who asks. An operation takes a [`Reader`], a [`Writer`] or an [`Administrator`] as its first parameter, so that nothing of
/// the body is read before.
pub struct Caller<const NEEDS: u8>(Actor);

const READING: u8 = 0;
const WRITING: u8 = 1;
const ADMINISTERING: u8 = 2;

/// Anybody with a valid key.
pub type Reader = Caller<READING>;
/// Somebody whose role may change things.
pub type Writer = Caller<WRITING>;
/// Somebody who may see and change what belongs to the whole platform.
pub type Administrator = Caller<ADMINISTERING>;

impl<const NEEDS: u8> Deref for Caller<NEEDS> {
    type Target = Actor;

    fn deref(&self) -> &Actor {
        &self.0
    }
}

impl<'a, const NEEDS: u8> ApiExtractor<'a> for Caller<NEEDS> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        let scheme = MetaSecurityScheme {
            ty: "http",
            description: Some("An API key: `Authorization: Bearer gtg_…`. `gotong-api create-key` makes one."),
            name: None,
            key_in: None,
            scheme: Some("bearer"),
            bearer_format: Some("gtg_ and 64 hexadecimal digits"),
            flows: None,
            openid_connect_url: None,
        };
        registry.create_security_scheme(SCHEME, scheme);
    }

    fn security_schemes() -> Vec<&'static str> {
        vec![SCHEME]
    }

    async fn from_request(
        request: &'a Request,
        _body: &mut RequestBody,
        _options: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        let state = request.data::<AppState>().ok_or_else(|| Problem::internal("the application has no state"))?;
        let actor = authenticate(state, request).await?;
        if NEEDS == ADMINISTERING && actor.role != Role::Admin {
            let detail = format!("This belongs to the whole platform and needs the role admin, not {}.", actor.role);
            return Err(Problem::new(Code::Forbidden, detail).into());
        }
        if NEEDS == WRITING && !actor.role.writes() {
            let detail = format!("The role {} reads only; this needs the role operator or admin.", actor.role);
            return Err(Problem::new(Code::Forbidden, detail).into());
        }
        Ok(Self(actor))
    }
}

async fn authenticate(state: &AppState, request: &Request) -> Result<Actor, Problem> {
    if !request.headers().contains_key(header::AUTHORIZATION)
        && let Some(token) = session::token_of(request)
    {
        return of_session(state, request, token).await;
    }
    let Some(key) = bearer(request.header(header::AUTHORIZATION).unwrap_or_default()) else {
        return Err(challenge("Send an API key as `Authorization: Bearer gtg_…`.", r#"Bearer realm="gotong""#));
    };
    actor_of_key(state, key).await?.ok_or_else(|| {
        let detail = "The API key is unknown, revoked or expired.";
        challenge(detail, r#"Bearer realm="gotong", error="invalid_token""#)
    })
}

async fn of_session(state: &AppState, request: &Request, token: &str) -> Result<Actor, Problem> {
    if !session::is_wanted(request) {
        let detail = "A request with a session that changes something needs the header X-Gotong-CSRF: 1.";
        return Err(Problem::new(Code::Forbidden, detail).about("/header/X-Gotong-CSRF"));
    }
    let expired = || challenge("The session has ended; sign in again.", r#"Bearer realm="gotong""#);
    session::actor_of_session(state, token).await?.ok_or_else(expired)
}

fn challenge(detail: &str, how: &'static str) -> Problem {
    Problem::new(Code::Unauthenticated, detail)
        .about("/header/Authorization")
        .header(header::WWW_AUTHENTICATE, HeaderValue::from_static(how))
}

fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

#[cfg(test)]
mod tests {
    use super::bearer;

    #[test]
    fn the_scheme_is_told_apart_whatever_its_case() {
        assert_eq!(bearer("bearer  abc "), Some("abc"));
        assert_eq!(bearer("Basic abc"), None);
        assert_eq!(bearer("abc"), None);
    }
}
