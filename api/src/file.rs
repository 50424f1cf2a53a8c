//! Serving a file from S3: `ETag`, `If-None-Match`, `Range`, `If-Range`.

mod range;

pub use range::{Wanted, wanted};

use crate::{
    AppState,
    attended::attended,
    problem::{Code, Problem},
};
use futures::TryStreamExt;
use gotong_shared::storage::StorageError;
use poem::{
    Body, IntoResponse, Request, Response,
    http::{HeaderMap, HeaderValue, StatusCode, header},
};
use poem_openapi::{
    ApiResponse,
    payload::{Binary, Payload},
    registry::{MetaHeader, MetaMediaType, MetaResponse, MetaResponses, Registry},
    types::Type,
};
use std::{fmt::Write as _, io};

/// What is to be served.
pub struct File<'a> {
    /// Where its bytes are.
    pub object_key: &'a str,
    /// Its media type.
    pub content_type: &'a str,
    /// Its size.
    pub size: u64,
    /// SHA-256 of its bytes: its entity tag.
    pub sha256: &'a [u8],
    /// The name under which a browser saves it.
    pub filename: &'a str,
    /// How long it may be kept by the client.
    pub cache_control: &'static str,
    /// What a browser that opens it may run and load of it: its Content-Security-Policy.
    pub policy: &'static str,
}

/// Whatever the bytes are, a browser that opens them runs nothing of them.
pub const INERT: &str = "default-src 'none'; sandbox";

/// A file as an answer: whole, in part, or not at all because the client has it.
pub struct FileAnswer(Response);

impl File<'_> {
    /// Answers what the request's headers ask for.
    ///
    /// # Errors
    /// When the range lies outside the file, or the store does not answer.
    pub async fn answer(&self, state: &AppState, request: &Request) -> Result<FileAnswer, Problem> {
        let etag = format!("\"{}\"", hex::encode(self.sha256));
        if has_tag(request.headers(), header::IF_NONE_MATCH, &etag) {
            let response = Response::builder().status(StatusCode::NOT_MODIFIED).finish();
            return Ok(FileAnswer(self.describe(response, &etag)));
        }
        // A range of another version of the file would be put together wrongly: then the whole file is sent.
        let is_current = request.header(header::IF_RANGE).is_none_or(|tag| tag == etag);
        let header = request.header(header::RANGE).filter(|_| is_current);
        let range = match wanted(header, self.size) {
            Wanted::Whole => None,
            Wanted::Part(first, last) => Some((first, last)),
            Wanted::Nothing => return Err(self.unsatisfiable()),
        };
        let get = Box::pin(state.storage.get(self.object_key, range));
        let body = match attended(&state.storage, get).await {
            // The row is there, so the object must be: this is no 404.
            Err(StorageError::NotFound(key)) => return Err(Problem::internal(format!("the object {key} is missing"))),
            answer => answer?,
        };
        let stream = body.into_stream().map_err(|error| {
            tracing::warn!(%error, "a file broke off");
            io::Error::other(error)
        });
        let mut response = Response::builder().body(Body::from_bytes_stream(stream));
        let length = match range {
            None => self.size,
            Some((first, last)) => {
                response.set_status(StatusCode::PARTIAL_CONTENT);
                let range = format!("bytes {first}-{last}/{}", self.size);
                insert(response.headers_mut(), header::CONTENT_RANGE, &range);
                last - first + 1
            }
        };
        response.headers_mut().insert(header::CONTENT_LENGTH, length.into());
        Ok(FileAnswer(self.describe(response, &etag)))
    }

    fn describe(&self, mut response: Response, etag: &str) -> Response {
        let headers = response.headers_mut();
        insert(headers, header::ETAG, etag);
        insert(headers, header::CACHE_CONTROL, self.cache_control);
        insert(headers, header::ACCEPT_RANGES, "bytes");
        insert(headers, header::CONTENT_TYPE, self.content_type);
        insert(headers, header::CONTENT_DISPOSITION, &disposition(self.filename));
        insert(headers, header::CONTENT_SECURITY_POLICY, self.policy);
        response
    }

    fn unsatisfiable(&self) -> Problem {
        let detail = format!("The range lies outside the file, which has {} bytes.", self.size);
        let problem = Problem::new(Code::RangeNotSatisfiable, detail).about("/header/Range");
        match HeaderValue::from_str(&format!("bytes */{}", self.size)) {
            Ok(size) => problem.header(header::CONTENT_RANGE, size),
            Err(_) => problem,
        }
    }
}

fn insert(headers: &mut HeaderMap, name: header::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// Whether a header lists the tag, compared weakly (RFC 9110, 8.8.3.2).
fn has_tag(headers: &HeaderMap, name: header::HeaderName, etag: &str) -> bool {
    let listed = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    listed
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

/// `inline`, with the name in both forms of RFC 6266.
fn disposition(filename: &str) -> String {
    let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '\\' | '%') || c == ' ';
    let ascii: String = filename.chars().map(|c| if plain(c) { c } else { '_' }).collect();
    let mut encoded = String::new();
    for byte in filename.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_') {
            encoded.push(char::from(byte));
        } else {
            _ = write!(encoded, "%{byte:02X}");
        }
    }
    format!("inline; filename=\"{ascii}\"; filename*=UTF-8''{encoded}")
}

impl IntoResponse for FileAnswer {
    fn into_response(self) -> Response {
        self.0
    }
}

impl ApiResponse for FileAnswer {
    fn meta() -> MetaResponses {
        let header = |name: &str, description: &str| MetaHeader {
            name: name.into(),
            description: Some(description.into()),
            required: false,
            deprecated: false,
            schema: String::schema_ref(),
        };
        let content = || {
            vec![MetaMediaType {
                content_type: "application/octet-stream",
                schema: <Binary<Vec<u8>> as Payload>::schema_ref(),
            }]
        };
        let response = |status, description, content, headers| MetaResponse {
            description,
            status: Some(status),
            status_range: None,
            content,
            headers,
        };
        let tag = || header("ETag", "SHA-256 of the whole file.");
        let range = header("Content-Range", "Which bytes these are, and of how many.");
        MetaResponses {
            responses: vec![
                response(200, "The file. Its media type is in Content-Type.", content(), vec![tag()]),
                response(206, "The part that Range asks for.", content(), vec![tag(), range]),
                response(304, "The client has it: If-None-Match names its ETag.", Vec::new(), vec![tag()]),
            ],
        }
    }

    fn register(_registry: &mut Registry) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_compared_weakly_and_one_by_one() {
        let mut headers = HeaderMap::new();
        let mut has = |value: &'static str| {
            headers.insert(header::IF_NONE_MATCH, HeaderValue::from_static(value));
            has_tag(&headers, header::IF_NONE_MATCH, "\"abc\"")
        };
        assert!(has("\"abc\"") && has("*") && has("\"x\", W/\"abc\""));
        assert!(!has("\"abcd\"") && !has("abc"));
    }

    #[test]
    fn a_name_cannot_break_out_of_its_header() {
        let header = disposition("a\"b\r\nX: y\\ü.jpg");
        assert_eq!(header, "inline; filename=\"a_b__X: y__.jpg\"; filename*=UTF-8''a%22b%0D%0AX%3A%20y%5C%C3%BC.jpg");
    }
}
