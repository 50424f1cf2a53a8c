//! A definition on the wire.

use crate::page::{Page, PageLinks, PageMeta};
use chrono::{DateTime, Utc};
use gotong_shared::reports::{definitions::Definition, parameters::Parameter, source::QueryColumn};
use poem_openapi::Object;
use uuid::Uuid;

/// Where to go from a definition.
#[derive(Clone, Debug, Object)]
pub struct ReportDefinitionLinks {
    /// This definition.
    #[oai(rename = "self")]
    pub this: String,
    /// This version of it.
    pub version: String,
}

/// A query of a workspace's own, in one version.
#[derive(Clone, Debug, Object)]
#[oai(rename = "ReportDefinition", skip_serializing_if_is_none)]
pub struct ReportDefinitionResource {
    /// Its id, a UUIDv7.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// The version that this is.
    pub version: i32,
    /// The latest version.
    pub latest_version: i32,
    /// What it is for.
    pub description: Option<String>,
    /// The query.
    pub sql: String,
    /// What it takes.
    pub parameters: Vec<Parameter>,
    /// What it answers, as PostgreSQL told it when the version was made.
    pub columns: Vec<QueryColumn>,
    /// The most rows of one report.
    pub row_limit: i64,
    /// The longest that the query may take, in seconds.
    pub timeout_s: i32,
    /// Who made this version.
    pub created_by: Option<Uuid>,
    /// When the definition was made.
    pub created_at: DateTime<Utc>,
    /// When this version was made.
    pub version_created_at: DateTime<Utc>,
    /// Where to go from here.
    pub links: ReportDefinitionLinks,
    /// Which version this is: its `ETag`.
    pub etag: String,
}

/// A page of definitions, the latest made first.
#[derive(Clone, Debug, Object)]
pub struct ReportDefinitionList {
    data: Vec<ReportDefinitionResource>,
    meta: PageMeta,
    links: PageLinks,
}

/// The tag of a version.
#[must_use]
pub fn tag_of(version: i32) -> String {
    format!("\"v{version}\"")
}

impl ReportDefinitionResource {
    /// Of its rows.
    #[must_use]
    pub fn of(found: &Definition) -> Self {
        let Definition { definition, version } = found;
        let here = format!("/api/v1/report-definitions/{}", definition.id);
        Self {
            id: definition.id,
            name: definition.name.clone(),
            version: version.version,
            latest_version: definition.version,
            description: version.description.clone(),
            sql: version.sql.clone(),
            parameters: found.parameters(),
            columns: found.columns(),
            row_limit: version.row_limit,
            timeout_s: version.timeout_s,
            created_by: version.created_by,
            created_at: definition.created_at,
            version_created_at: version.created_at,
            etag: tag_of(version.version),
            links: ReportDefinitionLinks { version: format!("{here}/versions/{}", version.version), this: here },
        }
    }
}

impl ReportDefinitionList {
    /// Of a page of rows.
    #[must_use]
    pub fn of(page: Page<Definition>) -> Self {
        let data = page.rows.iter().map(ReportDefinitionResource::of).collect();
        Self { data, meta: page.meta, links: page.links }
    }
}
