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
    // Path parameters are known by their position here; only ids are parsed.
    if error.is::<ParsePathError>() {
        return Problem::new(Code::Malformed, "The id in the path is no UUID.").at("/path/id", "is no UUID");
    }
    if let Some(ParseParamError { name, reason }) = error.downcast_ref() {
        return Problem::new(Code::Invalid, format!("The value of {name} is not acceptable."))
            .at(format!("/query/{name}"), in_words(reason));
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

/// The framework's reasons name its own types and functions; this says what they mean.
fn in_words(reason: &str) -> String {
    let bound = |sign: &str| reason.split_once(sign).and_then(|(_, rest)| rest.split([',', ')']).next());
    if let Some(least) = bound("minimum(") {
        format!("is less than {least}")
    } else if let Some(most) = bound("maximum(") {
        format!("is more than {most}")
    } else if reason.contains("enumeration") {
        "is none of its values".into()
    } else if reason.contains("integer") {
        "is no whole number, or out of its range".into()
    } else {
        "is not of its form".into()
    }
}

#[cfg(test)]
mod tests {
    use super::in_words;

    #[test]
    fn reasons_are_told_in_words() {
        for (reason, words) in [
            ("verification failed. maximum(100, exclusive: false)", "is more than 100"),
            ("verification failed. minimum(1, exclusive: false)", "is less than 1"),
            ("failed to parse \"integer(uint32)\": invalid digit", "is no whole number, or out of its range"),
            ("failed to parse \"X\": Expect a valid enumeration value.", "is none of its values"),
            ("anything else", "is not of its form"),
        ] {
            assert_eq!(in_words(reason), words);
        }
    }
}
