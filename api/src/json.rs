//! JSON bodies: what is no JSON is 400, what does not fit is 422 with a pointer to the place.
//!
//! The framework's own payload answers both alike and names no place.

use crate::problem::{Code, Problem};
use gotong_shared::jobs::pointer;
use poem::{Request, RequestBody};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ExtractParamOptions,
    registry::{MetaMediaType, MetaRequest, Registry},
    types::Type,
};
use serde::de::DeserializeOwned;

/// The longest body unless an operation says otherwise, in bytes.
pub const LONGEST: usize = 1024 * 1024;

/// A request's body, of at most so many bytes.
pub struct JsonBody<T, const LIMIT: usize = LONGEST>(pub T);

impl<'a, T: DeserializeOwned + Type, const LIMIT: usize> ApiExtractor<'a> for JsonBody<T, LIMIT> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];
    const PARAM_IS_REQUIRED: bool = true;

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        T::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        let content = vec![MetaMediaType { content_type: "application/json", schema: T::schema_ref() }];
        Some(MetaRequest { description: None, content, required: true })
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _options: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        if !is_json(request.content_type().unwrap_or_default()) {
            let problem = Problem::new(Code::UnsupportedType, "Send the body as application/json.");
            return Err(problem.about("/header/Content-Type").into());
        }
        let bytes = body.take()?.into_bytes_limit(LIMIT).await?;
        Ok(Self(parse(&bytes)?))
    }
}

fn is_json(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/json") || (kind.starts_with("application/") && kind.ends_with("+json"))
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let value: serde_json::Value = serde_json::from_slice(bytes).map_err(|error| {
        Problem::new(
            Code::Malformed,
            format!("The body is no JSON, by line {} column {}.", error.line(), error.column()),
        )
    })?;
    if let Some(place) = pointer::find_nul(&value) {
        let problem = Problem::new(Code::Invalid, "The body does not fit.");
        return Err(problem.at(place, "holds the character NUL, which cannot be kept"));
    }
    pointer::parse(value)
        .map_err(|(place, message)| Problem::new(Code::Invalid, "The body does not fit.").at(place, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Order {
        #[allow(dead_code, reason = "it is parsed only")]
        lines: Vec<Line>,
    }

    #[derive(Debug, serde::Deserialize)]
    struct Line {
        #[allow(dead_code, reason = "it is parsed only")]
        count: u8,
    }

    async fn refusal(body: &str) -> (u16, serde_json::Value) {
        let response = parse::<Order>(body.as_bytes()).expect_err("it is to be refused").respond("");
        (response.status().as_u16(), response.into_body().into_json().await.unwrap())
    }

    #[tokio::test]
    async fn what_is_wrong_is_pointed_at() {
        for (body, status, pointer) in [
            ("{", 400, None),
            ("{} x", 400, None),
            (r#"{"lines":[{"count":1},{"count":"two"}]}"#, 422, Some("/lines/1/count")),
            (r#"{"lines":[{"count":300}]}"#, 422, Some("/lines/0/count")),
            (r#"{"lines":[{}]}"#, 422, Some("/lines/0/count")),
            (r#"{"lines":[],"a/b":1}"#, 422, Some("/a~1b")),
            ("[]", 422, Some("")),
            (r#"{"lines":[{"count":1},"a\u0000"]}"#, 422, Some("/lines/1")),
            (r#"{"a":{"b\u0000/":1}}"#, 422, Some("/a/b\0~1")),
        ] {
            let (was, problem) = refusal(body).await;
            assert_eq!((was, problem["errors"][0]["pointer"].as_str()), (status, pointer), "{body}: {problem}");
        }
    }

    #[test]
    fn json_is_known_by_its_media_type() {
        assert!(is_json("application/json; charset=utf-8") && is_json("application/problem+json"));
        assert!(!is_json("text/json") && !is_json(""));
    }
}
