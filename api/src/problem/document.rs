//! The problem document's shape.

use super::Code;
use chrono::{DateTime, SubsecRound, Utc};
use poem_openapi::Object;

/// A problem document (RFC 9457).
#[derive(Clone, Debug, Object)]
#[oai(rename = "Problem", skip_serializing_if_is_none)]
pub struct ProblemDocument {
    /// A reference to the explanation of this kind of problem.
    #[oai(rename = "type")]
    kind: String,
    /// A few words, the same for every problem of its kind.
    title: String,
    /// The HTTP status.
    status: u16,
    /// What happened this time.
    detail: String,
    /// A stable word for programs.
    code: String,
    /// The parts of the request at fault.
    errors: Option<Vec<FieldError>>,
    /// Identifies the request in the logs; also in the header `X-Request-Id`.
    request_id: String,
    /// When it happened.
    timestamp: DateTime<Utc>,
}

/// One part of the request that is at fault.
#[derive(Clone, Debug, Object)]
pub struct FieldError {
    /// A JSON pointer (RFC 6901) into the body, or `/query/name`, `/path/name`, `/header/name`.
    pub pointer: String,
    /// What is wrong with it.
    pub message: String,
}

impl ProblemDocument {
    pub(super) fn of(code: Code, detail: &str, errors: &[FieldError], request_id: &str) -> Self {
        Self {
            kind: format!("/docs/problems#{}", code.as_str()),
            title: code.title().into(),
            status: code.status().as_u16(),
            detail: detail.into(),
            code: code.as_str().into(),
            errors: (!errors.is_empty()).then(|| errors.to_vec()),
            request_id: request_id.into(),
            timestamp: Utc::now().trunc_subsecs(3),
        }
    }
}
