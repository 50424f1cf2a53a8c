//! Which problems an operation may answer, for the OpenAPI document.

use super::{Code, Problem, ProblemDocument};
use poem::http::StatusCode;
use poem_openapi::{
    ApiResponse,
    registry::{MetaHeader, MetaMediaType, MetaResponse, MetaResponses, Registry},
    types::Type,
};
use std::{fmt, marker::PhantomData};

/// The statuses of the problems that an operation may answer.
pub trait Declares: Send + Sync + 'static {
    /// In rising order.
    const STATUSES: &'static [u16];
}

/// A [`Problem`] of an operation that declares its statuses. `?` makes one of whatever a problem can be made of.
pub struct Refused<D>(Problem, PhantomData<D>);

impl<D, E: Into<Problem>> From<E> for Refused<D> {
    fn from(error: E) -> Self {
        Self(error.into(), PhantomData)
    }
}

impl<D> From<Refused<D>> for poem::Error {
    fn from(refused: Refused<D>) -> Self {
        refused.0.into()
    }
}

impl<D> fmt::Debug for Refused<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl<D: Declares> ApiResponse for Refused<D> {
    fn meta() -> MetaResponses {
        MetaResponses { responses: D::STATUSES.iter().map(|status| declare(*status)).collect() }
    }

    fn register(registry: &mut Registry) {
        ProblemDocument::register(registry);
    }
}

fn declare(status: u16) -> MetaResponse {
    let code = StatusCode::from_u16(status).map_or(Code::Internal, Code::of_status);
    let header = |name: &str, description: &str| MetaHeader {
        name: name.into(),
        description: Some(description.into()),
        required: false,
        deprecated: false,
        schema: String::schema_ref(),
    };
    let headers = match status {
        401 => vec![header("WWW-Authenticate", "How to authenticate.")],
        409 | 429 | 503 => vec![header("Retry-After", "After how many seconds to try again.")],
        _ => Vec::new(),
    };
    let content =
        vec![MetaMediaType { content_type: "application/problem+json", schema: ProblemDocument::schema_ref() }];
    // One status can stand for several codes.
    let description = match status {
        404 => "Not found, or not yet made",
        422 => "Well-formed and not acceptable; `code` and `errors` say why",
        503 => "A dependency does not answer, or the server is full; nothing was changed",
        _ => code.title(),
    };
    MetaResponse { description, status: Some(status), status_range: None, content, headers }
}
