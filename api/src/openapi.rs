//! The OpenAPI document and the pages made of it.

use crate::{
    problem::Code,
    routes::{
        backups::{BackupTargetsApi, BackupWorkApi, BackupsApi},
        documents::DocumentsApi,
        email_events::EmailEventsApi,
        email_templates::EmailTemplatesApi,
        emails::EmailsApi,
        jobs::{JobActionsApi, JobEventsApi, JobsApi},
        media::MediaApi,
        operating::{self, OperatingApi},
        report_data_sets::ReportDataSetsApi,
        report_definitions::ReportDefinitionsApi,
        reports::ReportsApi,
        schedules::SchedulesApi,
        search::SearchApi,
        search_indexes::SearchIndexesApi,
        session::SessionApi,
        suppressions::SuppressionsApi,
    },
};
use poem::{
    Response, handler,
    http::{Method, header},
    web::{Data, Html},
};
use poem_openapi::{ExtraHeader, LicenseObject, OpenApi, OpenApiService, ServerObject};
use std::{
    fmt::Write as _,
    sync::{Arc, LazyLock},
};

/// Every operation under `/api/v1`.
pub type Operations = (
    MediaApi,
    (JobsApi, JobActionsApi, JobEventsApi),
    OperatingApi,
    SchedulesApi,
    (EmailsApi, EmailTemplatesApi, SuppressionsApi, EmailEventsApi),
    (SearchApis, ReportApis),
    BackupApis,
    SessionApi,
);
/// Reports and what they are about.
type ReportApis = (ReportsApi, ReportDefinitionsApi, ReportDataSetsApi);
/// Documents and their search.
type SearchApis = (DocumentsApi, SearchApi, SearchIndexesApi);
/// Backups, what is done with them, and of what they are.
type BackupApis = (BackupsApi, BackupWorkApi, BackupTargetsApi);
/// The operations with their description.
pub type Service = OpenApiService<Operations, ()>;

/// Where an installation is that nobody has configured.
const LOCAL: &str = "http://127.0.0.1:8080";

/// Where they are.
pub const PREFIX: &str = "/api/v1";

const DESCRIPTION: &str = "Applications hand their slow and fragile work to Gotong; workers carry it. Accepted work is \
    never lost, never silently done twice, and never invisible.\n\n\
    **Authentication**: `Authorization: Bearer gtg_…`, made by `gotong-api create-key`.\n\n\
    **Errors** are problem documents (RFC 9457); their codes are listed at [/docs/problems](/docs/problems).\n\n\
    **Work is asynchronous**: what takes time is answered 202 with `Location`, the job to ask about.";

const SEARCH: SearchApis = (DocumentsApi, SearchApi, SearchIndexesApi);
const REPORTS: ReportApis = (ReportsApi, ReportDefinitionsApi, ReportDataSetsApi);

/// Every operation, described.
#[must_use]
pub fn service() -> Service {
    let mail = (EmailsApi, EmailTemplatesApi, SuppressionsApi, EmailEventsApi);
    let backups = (BackupsApi, BackupWorkApi, BackupTargetsApi);
    let work = (JobsApi, JobActionsApi, JobEventsApi);
    let operations = (MediaApi, work, operating::APIS, SchedulesApi, mail, (SEARCH, REPORTS), backups, SessionApi);
    OpenApiService::new(operations, "Gotong", env!("CARGO_PKG_VERSION"))
        .description(DESCRIPTION)
        .license(LicenseObject::new("Apache-2.0").url("https://www.apache.org/licenses/LICENSE-2.0"))
        .server(ServerObject::new(LOCAL).description("A local installation"))
        .url_prefix(PREFIX)
        .extra_response_header::<String, _>(
            ExtraHeader::new("X-Request-Id").description("Identifies the request in the logs."),
        )
}

/// The document: the same text for the same source.
#[must_use]
pub fn yaml() -> String {
    service().spec_yaml()
}

/// One operation of the document.
pub struct Operation {
    /// Its id.
    pub id: &'static str,
    /// Its method.
    pub method: Method,
    /// Its path as a template, such as `/api/v1/media/{id}`.
    pub path: String,
}

/// Every operation of the document.
pub static OPERATIONS: LazyLock<Vec<Operation>> = LazyLock::new(|| {
    let paths = <Operations as OpenApi>::meta().into_iter().flat_map(|api| api.paths);
    let operations = paths.flat_map(|path| {
        let template = format!("{PREFIX}{}", path.path);
        path.operations.into_iter().map(move |operation| (template.clone(), operation))
    });
    let described = operations.map(|(path, operation)| Operation {
        id: operation.operation_id.unwrap_or_default(),
        method: operation.method,
        path,
    });
    described.collect()
});

/// The reference, rendered once at the start.
#[derive(Clone)]
pub struct Reference {
    yaml: Arc<str>,
    html: Arc<str>,
}

impl Reference {
    /// Renders both forms.
    #[must_use]
    pub fn of(service: &Service) -> Self {
        // Fonts would come from elsewhere, and the client is an application of somebody else.
        let settings = r#"{"withDefaultFonts":false,"hideClientButton":true,"authentication":{"preferredSecurityScheme":"api_key"}}"#;
        let plain = format!("id=\"api-reference\" data-configuration='{settings}'");
        let html = service.scalar_html().replacen(r#"id="api-reference""#, &plain, 1);
        // Requests that are tried out go to where the page came from.
        let html = html.replacen(&format!("\"url\": \"{LOCAL}\""), "\"url\": \"/\"", 1);
        Self { yaml: service.spec_yaml().into(), html: html.replacen("<title>Scalar", "<title>Gotong API", 1).into() }
    }
}

/// `/openapi.yaml`.
#[handler]
pub fn document(Data(reference): Data<&Reference>) -> Response {
    Response::builder()
        .content_type("application/yaml; charset=utf-8")
        .header(header::CACHE_CONTROL, "no-cache")
        .body(reference.yaml.to_string())
}

/// `/docs`: the reference to browse. Its script is part of the page; nothing comes from elsewhere.
#[handler]
pub fn browse(Data(reference): Data<&Reference>) -> Response {
    let policy = "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; \
        img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; frame-ancestors 'none'";
    Response::builder()
        .content_type("text/html; charset=utf-8")
        .header(header::CONTENT_SECURITY_POLICY, policy)
        .header(header::CACHE_CONTROL, "no-cache")
        .body(reference.html.to_string())
}

/// `/docs/problems`: what the `type` of a problem refers to.
#[handler]
pub fn problems() -> Html<String> {
    let mut page = String::from(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Gotong: problems</title><h1>Problems</h1><dl>",
    );
    for code in Code::ALL {
        let (word, status) = (code.as_str(), code.status().as_u16());
        _ = write!(page, "<dt id=\"{word}\"><code>{word}</code> ({status})<dd>{}", code.meaning());
    }
    page.push_str("</dl>");
    Html(page)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// A mapping of YAML has each key once; operations of one path in two structs would name it twice.
    #[test]
    fn every_path_stands_in_the_document_once() {
        let yaml = yaml();
        let mut times: BTreeMap<&str, usize> = BTreeMap::new();
        for path in yaml.lines().filter(|line| line.starts_with("  /")) {
            *times.entry(path).or_default() += 1;
        }
        assert!(times.len() > 10);
        let twice: Vec<_> = times.iter().filter(|(_, times)| **times > 1).collect();
        assert!(twice.is_empty(), "{twice:?}");
    }
}
