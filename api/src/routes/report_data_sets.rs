//! `/report-data-sets`: what the platform itself can be asked about.

use super::Tag;
use crate::{
    auth::Reader,
    problem::{Declares, Refused},
};
use gotong_shared::reports::{
    ReportFormat,
    data_sets::{self, ColumnKind, DataSet},
    parameters::Parameter,
};
use poem_openapi::{Object, OpenApi, payload::Json};

/// A column of a data set.
#[derive(Clone, Debug, Object)]
struct ReportColumn {
    /// Its name in files for programs.
    name: String,
    /// What its values are.
    #[oai(rename = "type")]
    kind: ColumnKind,
    /// What people read above it, in English.
    title_en: String,
    /// What people read above it, in Indonesian.
    title_id: String,
}

/// Something that a report can be about.
#[derive(Clone, Debug, Object)]
struct ReportDataSet {
    /// Its name.
    name: String,
    /// What people call it, in English.
    title_en: String,
    /// What people call it, in Indonesian.
    title_id: String,
    /// What is in it.
    about: String,
    /// Its columns; none where it is a document of several tables and charts.
    columns: Vec<ReportColumn>,
    /// What it can be asked with.
    parameters: Vec<Parameter>,
    /// The formats it comes in.
    formats: Vec<ReportFormat>,
    /// The most rows of one report; a format may hold fewer.
    row_limit: i64,
}

/// Every data set.
#[derive(Clone, Debug, Object)]
struct ReportDataSetList {
    data: Vec<ReportDataSet>,
}

impl ReportDataSet {
    fn of(set: &DataSet) -> Self {
        let column = |each: &data_sets::DataColumn| ReportColumn {
            name: each.name.to_owned(),
            kind: each.kind,
            title_en: each.title[0].to_owned(),
            title_id: each.title[1].to_owned(),
        };
        let formats = ReportFormat::ALL.into_iter().filter(|format| !set.is_document || format.holds_document());
        Self {
            name: set.name.to_owned(),
            title_en: set.title[0].to_owned(),
            title_id: set.title[1].to_owned(),
            about: set.about.to_owned(),
            columns: set.columns.iter().map(column).collect(),
            parameters: set.parameters(),
            formats: formats.collect(),
            row_limit: set.row_limit,
        }
    }
}

/// Problems of reading what is part of the program.
pub struct Looking;

impl Declares for Looking {
    const STATUSES: &'static [u16] = &[401, 500, 503];
}

/// The operations on data sets.
pub struct ReportDataSetsApi;

#[OpenApi(prefix_path = "/report-data-sets", tag = "Tag::Reports")]
impl ReportDataSetsApi {
    /// List data sets.
    ///
    /// With their columns and parameters, in the order of their names.
    #[oai(path = "/", method = "get", operation_id = "list_report_data_sets")]
    #[expect(clippy::unused_async, reason = "every operation is async")]
    async fn list(&self, _caller: Reader) -> Result<Json<ReportDataSetList>, Refused<Looking>> {
        Ok(Json(ReportDataSetList { data: data_sets::all().map(ReportDataSet::of).collect() }))
    }
}
