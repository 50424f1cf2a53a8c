//! Problems out of the framework's own errors.

use super::{Code, Problem};
use poem::{
    error::{MethodNotAllowedError, NotFoundError, ReadBodyError},
    http::StatusCode,
};
use poem_openapi::error::{ContentTypeError, ParseParamError, ParsePathError};

/// What the caller is told about an error that reached the outermost layer.
#[must_use]
pub fn of_poem_error(error: &poem::Error) -> Problem {
    if let Some(problem) = error.downcast_ref::<Problem>() {
        return problem.clone();
    }
    if let Some(ParsePathError { name, reason }) = error.downcast_ref() {
        // Path parameters are known by their position here; only ids are parsed.
        let _ = name;
        return Problem::new(Code::Malformed, "The id in the path is none.")
            .at("/path/id", reason.trim_end_matches(' '));
    }
    if let Some(ParseParamError { name, reason }) = error.downcast_ref() {
        return Problem::new(Code::Invalid, format!("{name} is not acceptable."))
            .at(format!("/query/{name}"), reason.trim_end_matches(['.', ' ']));
    }
    if error.is::<NotFoundError>() {
        return Problem::new(Code::NotFound, "There is nothing at this address.");
    }
    if error.is::<MethodNotAllowedError>() {
        return Problem::new(Code::MethodNotAllowed, "This address does not know the method.");
    }
    if let Some(wrong) = error.downcast_ref::<ContentTypeError>() {
        return Problem::new(Code::UnsupportedType, wrong.to_string());
    }
    if matches!(error.downcast_ref(), Some(ReadBodyError::PayloadTooLarge)) {
        return Problem::new(Code::TooLarge, "The body is larger than what is accepted here.");
    }
    match error.status() {
        status if status.is_client_error() => {
            Problem::new(Code::of_status(status), status.canonical_reason().unwrap_or("The request is not acceptable."))
        }
        StatusCode::SERVICE_UNAVAILABLE => Problem::new(Code::DatabaseUnavailable, "A dependency does not answer."),
        _ => Problem::internal(error),
    }
}
