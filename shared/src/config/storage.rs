//! S3, or anything that speaks its protocol.

use super::Reader;

/// Where objects are kept.
#[derive(Clone)]
pub struct StorageConfig {
    /// `GOTONG_S3_ENDPOINT`: `http(s)://host:port`; empty for AWS itself.
    pub endpoint: Option<String>,
    /// `GOTONG_S3_REGION`, default `us-east-1`.
    pub region: String,
    /// `GOTONG_S3_BUCKET`, default `gotong`; made at the start of the API if it is missing.
    pub bucket: String,
    /// `GOTONG_S3_ACCESS_KEY`. Required.
    pub access_key: String,
    /// `GOTONG_S3_SECRET_KEY`. Required.
    pub secret_key: String,
}

impl StorageConfig {
    /// Reads its variables.
    pub fn read(reader: &mut Reader) -> Self {
        Self {
            endpoint: reader.get("GOTONG_S3_ENDPOINT").map(str::to_owned),
            region: reader.optional("GOTONG_S3_REGION", "a region", "us-east-1".into()),
            bucket: reader.optional("GOTONG_S3_BUCKET", "a bucket's name", "gotong".into()),
            access_key: reader.required("GOTONG_S3_ACCESS_KEY", "an access key"),
            secret_key: reader.required("GOTONG_S3_SECRET_KEY", "a secret key"),
        }
    }
}
