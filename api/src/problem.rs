//! Errors on the wire: problem documents as RFC 9457 describes them.
//!
//! Every refusal of the API is a [`Problem`] with a [`Code`] that programs can rely on and a sentence for people. What
//! went wrong inside is logged where it is handled and never told.

mod code;
mod declared;
mod document;
mod foreign;

pub use code::Code;
pub use declared::{Declares, Refused};
pub use document::{FieldError, ProblemDocument};
pub use foreign::of_poem_error;

use gotong_shared::{
    db::DatabaseError,
    enqueue::{ClaimError, EnqueueError},
    storage::StorageError,
};
use poem::{
    IntoResponse, Response,
    error::ResponseError,
    http::{HeaderValue, StatusCode, header},
};
use poem_openapi::types::ToJSON;
use std::fmt;

/// After how many seconds it is worth asking again when a dependency is down.
const RETRY_AFTER: u32 = 2;

/// Why a request is refused.
#[derive(Clone, Debug)]
pub struct Problem(Box<Parts>);

#[derive(Clone, Debug)]
struct Parts {
    code: Code,
    detail: String,
    errors: Vec<FieldError>,
    retry_after: Option<u32>,
    extra_header: Option<(header::HeaderName, HeaderValue)>,
}

impl Problem {
    /// A problem of that kind, with a sentence about this occurrence.
    #[must_use]
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        let retry_after = (code.status() == StatusCode::SERVICE_UNAVAILABLE).then_some(RETRY_AFTER);
        Self(Box::new(Parts { code, detail: detail.into(), errors: Vec::new(), retry_after, extra_header: None }))
    }

    /// Nothing that the caller may see is there.
    #[must_use]
    pub fn not_found(what: &str) -> Self {
        Self::new(Code::NotFound, format!("There is no such {what}."))
    }

    /// Something broke that is not the caller's fault. The cause is logged, not told.
    #[must_use]
    pub fn internal(cause: impl fmt::Display) -> Self {
        tracing::error!(%cause, "a request failed");
        Self::new(Code::Internal, "Something went wrong on our side. Quote the request id when you report it.")
    }

    /// Names the part of the request at fault: an RFC 6901 pointer into the body, or `/query/…`, `/path/…`, `/header/…`.
    #[must_use]
    pub fn at(mut self, pointer: impl Into<String>, message: impl Into<String>) -> Self {
        self.0.errors.push(FieldError { pointer: pointer.into(), message: message.into() });
        self
    }

    /// Names the part of the request at fault; the problem's own sentence says what is wrong with it.
    #[must_use]
    pub fn about(self, pointer: impl Into<String>) -> Self {
        let detail = self.0.detail.clone();
        self.at(pointer, detail)
    }

    /// Says in how many seconds the request may succeed.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.0.retry_after = Some(seconds);
        self
    }

    /// Adds a header that the status calls for.
    #[must_use]
    pub fn header(mut self, name: header::HeaderName, value: HeaderValue) -> Self {
        self.0.extra_header = Some((name, value));
        self
    }

    /// What kind it is.
    #[must_use]
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// The parts of the request at fault.
    #[must_use]
    pub fn errors(&self) -> &[FieldError] {
        &self.0.errors
    }

    /// The sentence about this occurrence.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.0.detail
    }

    /// The answer on the wire.
    #[must_use]
    pub fn respond(&self, request_id: &str) -> Response {
        let Parts { code, detail, errors, retry_after, extra_header } = &*self.0;
        let document = ProblemDocument::of(*code, detail, errors, request_id);
        let mut response = Response::builder()
            .status(code.status())
            .header(header::CONTENT_TYPE, "application/problem+json")
            .header(header::CACHE_CONTROL, "no-store")
            .body(document.to_json_string());
        if let Some(seconds) = *retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        if let Some((name, value)) = extra_header {
            response.headers_mut().insert(name, value.clone());
        }
        response
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.code.as_str(), self.0.detail)
    }
}

impl std::error::Error for Problem {}

impl ResponseError for Problem {
    fn status(&self) -> StatusCode {
        self.0.code.status()
    }

    fn as_response(&self) -> Response {
        self.respond("")
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        self.respond("")
    }
}

impl From<DatabaseError> for Problem {
    fn from(error: DatabaseError) -> Self {
        if error.is_transient() {
            tracing::warn!(%error, "PostgreSQL gave no answer");
            return Self::new(
                Code::DatabaseUnavailable,
                "The database does not answer. Nothing was changed; try again.",
            );
        }
        Self::internal(error)
    }
}

impl From<EnqueueError> for Problem {
    fn from(error: EnqueueError) -> Self {
        match error {
            EnqueueError::Database(error) => error.into(),
            EnqueueError::Payload(error) => Self::new(Code::Invalid, "The payload does not fit its kind.")
                .at(format!("/payload{}", error.pointer), error.message),
            error @ (EnqueueError::Id | EnqueueError::TooMany) => Self::new(Code::Invalid, error.to_string()),
        }
    }
}

impl From<StorageError> for Problem {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Unavailable(_) | StorageError::Refused(_) => {
                tracing::warn!(%error, "the object store gave no answer");
                Self::new(Code::StorageUnavailable, "The object store does not answer. Nothing was changed; try again.")
            }
            StorageError::NotFound(_) => Self::not_found("object"),
            StorageError::Range => Self::new(Code::RangeNotSatisfiable, "The range lies outside the file."),
        }
    }
}

impl From<ClaimError> for Problem {
    fn from(error: ClaimError) -> Self {
        match error {
            ClaimError::Storage(error) => error.into(),
            ClaimError::Damaged => Self::internal(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_problem_says_what_where_and_when_to_try_again() {
        let problem = Problem::new(Code::StorageUnavailable, "Down.").about("/file");
        let response = problem.respond("0193-abc");
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.header("retry-after"), Some("2"));
        assert_eq!(response.content_type(), Some("application/problem+json"));
        let body: serde_json::Value = response.into_body().into_json().await.unwrap();
        assert_eq!(body["code"], "storage_unavailable");
        assert_eq!(body["status"], 503);
        assert_eq!(body["request_id"], "0193-abc");
        assert_eq!(body["errors"][0]["pointer"], "/file");
        assert_eq!(body["errors"][0]["message"], "Down.");
        for member in ["type", "title", "detail", "timestamp"] {
            assert!(body[member].as_str().is_some_and(|text| !text.is_empty()), "{member} in {body}");
        }
    }
}
