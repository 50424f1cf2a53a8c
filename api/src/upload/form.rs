//! The multipart request as a parameter of an operation.
//!
//! poem-openapi's own multipart support writes files to disk first, and plain extractors are missing from the
//! document; this one declares the request and hands over its body unread.

use super::meter::Meter;
use crate::problem::{Code, Problem};
use poem::{Request, RequestBody, http::header};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ExtractParamOptions,
    registry::{MetaMediaType, MetaRequest, MetaSchema, MetaSchemaRef},
};

/// The name of the field that holds the file.
pub const FIELD: &str = "file";

/// A `multipart/form-data` body with one file, not read yet.
pub struct UploadForm {
    pub(super) parts: multer::Multipart<'static>,
    pub(super) meter: Meter,
    pub(super) content_length: Option<u64>,
}

impl<'a> ApiExtractor<'a> for UploadForm {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];
    const PARAM_IS_REQUIRED: bool = true;

    type ParamType = ();
    type ParamRawType = ();

    fn request_meta() -> Option<MetaRequest> {
        let file = MetaSchema {
            format: Some("binary"),
            description: Some("The file: JPEG, PNG, GIF, WebP, MP3, WAV or Ogg, told by its bytes."),
            ..MetaSchema::new("string")
        };
        let form = MetaSchema {
            required: vec![FIELD],
            properties: vec![(FIELD, MetaSchemaRef::Inline(Box::new(file)))],
            ..MetaSchema::new("object")
        };
        let schema = MetaSchemaRef::Inline(Box::new(form));
        let content = vec![MetaMediaType { content_type: "multipart/form-data", schema }];
        Some(MetaRequest { description: Some("One file, in the field `file`."), content, required: true })
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _options: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        let boundary = multer::parse_boundary(request.content_type().unwrap_or_default()).map_err(|_| {
            Problem::new(Code::UnsupportedType, "Send the file as multipart/form-data, in the field `file`.")
                .about("/header/Content-Type")
        })?;
        let content_length = request.header(header::CONTENT_LENGTH).and_then(|length| length.parse().ok());
        let meter = Meter::new();
        let stream = meter.measure(body.take()?.into_bytes_stream());
        Ok(Self { parts: multer::Multipart::new(stream, boundary), meter, content_length })
    }
}
