//! The servers that `cargo xtask test` has started.

use std::sync::LazyLock;

/// Addresses of the shared servers.
pub struct Services {
    /// A superuser's address of PostgreSQL, to the database `postgres`.
    pub database: String,
    /// Redis.
    pub redis: String,
    /// S3.
    pub s3_endpoint: String,
    /// S3.
    pub s3_access_key: String,
    /// S3.
    pub s3_secret_key: String,
    /// Elasticsearch; missing where there is no Java.
    pub elasticsearch: Option<String>,
    /// SMTP.
    pub smtp: String,
    /// Where our built programs are.
    pub programs: std::path::PathBuf,
    /// Where those of PostgreSQL are; missing: on the path.
    pub postgres_bin: Option<String>,
}

static SERVICES: LazyLock<Services> = LazyLock::new(|| {
    let get = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let need =
        |name: &str| get(name).unwrap_or_else(|| panic!("{name} is not set: run the tests by `cargo xtask test`"));
    Services {
        database: need("GOTONG_TEST_DATABASE_URL"),
        redis: need("GOTONG_TEST_REDIS_URL"),
        s3_endpoint: need("GOTONG_TEST_S3_ENDPOINT"),
        s3_access_key: need("GOTONG_TEST_S3_ACCESS_KEY"),
        s3_secret_key: need("GOTONG_TEST_S3_SECRET_KEY"),
        elasticsearch: get("GOTONG_TEST_ELASTICSEARCH_URL"),
        smtp: need("GOTONG_TEST_SMTP_URL"),
        programs: need("GOTONG_TEST_BIN_DIR").into(),
        postgres_bin: get("GOTONG_TEST_POSTGRES_BIN"),
    }
});

impl Services {
    /// Python with what `tests/mail/requirements.txt` names.
    #[must_use]
    pub fn python() -> std::path::PathBuf {
        let python = std::env::var("GOTONG_TEST_PYTHON").ok().filter(|value| !value.is_empty());
        python.expect("GOTONG_TEST_PYTHON is not set: run the tests by `cargo xtask test`").into()
    }

    /// The servers of this test run.
    #[must_use]
    pub fn get() -> &'static Self {
        &SERVICES
    }
}
