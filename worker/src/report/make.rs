//! The steps of one report, side by side: rows are read, formatted and stored while more are read. Each hands on to the next
//! behind a bound, so memory does not grow with the report.

use super::{
    cells::cells,
    failure,
    pipe::{self, Inlet},
    read::{self, BATCHES, Query, Read},
    shape::{self, Source},
    week,
};
use crate::{outcome::Failure, runner::Resources};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use gotong_queue::Job;
use gotong_report::{Meta, ReportError, Table, Taken, Writer, Written, weekly};
use gotong_shared::{
    db::models::Report,
    reports::{
        self, LONGEST_QUERY_S, ReportFormat,
        data_sets::ColumnKind,
        source::{Session, SourceError},
    },
    storage::{StorageError, Upload},
};
use std::time::Duration;
use tokio::{sync::mpsc, task::JoinError};

/// A report that is made, and not noted in the ledger yet.
pub struct Made {
    /// What the formatter says of it.
    pub written: Written,
    /// Of when its data are.
    pub snapshot_at: DateTime<Utc>,
    /// Where it is; `None` if it has no rows and was asked for only if there are some.
    pub object_key: Option<String>,
}

/// Why a formatter did not come to its end.
enum Unwritten {
    /// The rows broke off, so whoever reads them knows why.
    BrokenOff,
    /// A row cannot be read.
    Row(SourceError),
    /// The format cannot hold it, or nobody takes the bytes.
    Report(ReportError),
}

/// Makes the report and stores it.
///
/// # Errors
/// What the query, the format or the object store answers; nothing is left in the store then.
pub async fn make(job: &Job, resources: &Resources, report: &Report, source: &Source) -> Result<Made, Failure> {
    let timeout_s = match source {
        Source::Set(_) => LONGEST_QUERY_S.into(),
        Source::Definition(definition) => u64::try_from(definition.version.timeout_s).unwrap_or_default(),
    };
    let stopped = job.cancelled();
    let session = tokio::select! {
        session = resources.reports.connect() => session.map_err(|error| failure(&error, timeout_s))?,
        () = stopped.cancelled() => return Err(stop()),
    };
    let canceller = session.canceller();
    let steps = Steps { job, resources, report, session: &session, timeout_s };
    tokio::select! {
        made = steps.run(source) => made,
        () = stopped.cancelled() => {
            canceller.cancel().await;
            Err(stop())
        }
    }
}

fn stop() -> Failure {
    Failure::retry("stopped", "the attempt was stopped")
}

struct Steps<'a> {
    job: &'a Job,
    resources: &'a Resources,
    report: &'a Report,
    session: &'a Session,
    timeout_s: u64,
}

impl Steps<'_> {
    fn failed(&self, error: &SourceError) -> Failure {
        failure(error, self.timeout_s)
    }

    async fn run(&self, source: &Source) -> Result<Made, Failure> {
        let begun = self.session.begin(Duration::from_secs(self.timeout_s)).await;
        begun.map_err(|error| self.failed(&error))?;
        let snapshot_at = read::snapshot(self.session).await.map_err(|error| self.failed(&error))?;
        let format = ReportFormat::of(&self.report.format).unwrap_or_default();
        let key = reports::object_key(self.report.id, self.job.token(), format);
        let upload = self.resources.storage.start_upload(&key, format.media_type());
        let (written, upload) = match source {
            Source::Set(set) if set.is_document => self.document(snapshot_at, upload).await?,
            _ => self.table(source, snapshot_at, upload).await?,
        };
        if self.report.only_if_rows && written.rows == 0 {
            upload.abort().await;
            return Ok(Made { written, snapshot_at, object_key: None });
        }
        // Whoever has lost the job leaves no object behind.
        if !self.job.is_current() {
            upload.abort().await;
            return Err(stop());
        }
        upload.finish().await?;
        Ok(Made { written, snapshot_at, object_key: Some(key) })
    }

    /// One table, its rows as they come.
    async fn table(
        &self,
        source: &Source,
        snapshot_at: DateTime<Utc>,
        upload: Upload,
    ) -> Result<(Written, Upload), Failure> {
        let query = self.query(source).await.map_err(|error| self.failed(&error))?;
        let meta = shape::meta(self.report, source, snapshot_at);
        let (table, kinds) = (source.table(meta.title.clone()), query.kinds.clone());
        let format = shape::format(ReportFormat::of(&self.report.format).unwrap_or_default());
        let (rows, taken) = mpsc::channel(BATCHES);
        let (inlet, pieces) = pipe::pipe();
        let formatter = tokio::task::spawn_blocking(move || write_table(format, meta, table, &kinds, taken, inlet));
        let reading = query.read(self.session, self.report, self.job, rows);
        let (read, written, stored) = tokio::join!(reading, formatter, store(upload, pieces));
        // The first cause tells most: a query that broke off breaks everything behind it.
        read.map_err(|error| self.failed(&error))?;
        let upload = stored?;
        match self.written(written) {
            Ok(written) => Ok((written, upload)),
            Err(failure) => {
                upload.abort().await;
                Err(failure)
            }
        }
    }

    async fn query(&self, source: &Source) -> Result<Query, SourceError> {
        match (source, self.report.workspace_id) {
            (Source::Set(set), _) => Ok(Query::of_set(self.report, set)),
            (Source::Definition(definition), Some(workspace)) => {
                read::show_ticket(self.session, workspace).await?;
                Query::of_definition(self.report, definition)
            }
            (Source::Definition(_), None) => Err(SourceError::Refused("the platform has no definitions".into())),
        }
    }

    /// The platform's week: a few small answers, then the document.
    async fn document(&self, snapshot_at: DateTime<Utc>, upload: Upload) -> Result<(Written, Upload), Failure> {
        let asked = week::ask(self.session, self.report).await.map_err(|error| self.failed(&error))?;
        self.job.progress(0.5, "the figures are read");
        let (locale, zone) = (shape::locale(self.report), shape::zone(self.report));
        let dated = shape::dated(self.report, snapshot_at);
        let mut meta = weekly::meta(asked.from, asked.until, dated, locale, zone);
        if let Some(title) = &self.report.title {
            meta.title = gotong_report::Label::same(title);
        }
        let format = shape::format(ReportFormat::of(&self.report.format).unwrap_or_default());
        let (inlet, pieces) = pipe::pipe();
        let formatter = tokio::task::spawn_blocking(move || {
            let mut writer = Writer::new(format, meta, inlet).map_err(Unwritten::Report)?;
            weekly::write(&mut writer, &asked.week).map_err(Unwritten::Report)?;
            Ok(writer.finish().map_err(Unwritten::Report)?.0)
        });
        let (written, stored) = tokio::join!(formatter, store(upload, pieces));
        let upload = stored?;
        match self.written(written) {
            Ok(written) => Ok((written, upload)),
            Err(failure) => {
                upload.abort().await;
                Err(failure)
            }
        }
    }

    fn written(&self, written: Result<Result<Written, Unwritten>, JoinError>) -> Result<Written, Failure> {
        match written {
            Ok(Ok(written)) => Ok(written),
            Ok(Err(Unwritten::Row(error))) => Err(self.failed(&error)),
            Ok(Err(Unwritten::Report(ReportError::Io(error)))) => {
                Err(Failure::retry("report_interrupted", format!("the file could not be written: {error}")))
            }
            Ok(Err(Unwritten::Report(error))) => {
                Err(Failure::dead("report_unfit", format!("the report does not fit its format: {error}")))
            }
            Ok(Err(Unwritten::BrokenOff)) => Err(Failure::retry("report_interrupted", "the rows broke off")),
            Err(error) => Err(Failure::retry("report_interrupted", format!("the formatter ended: {error}"))),
        }
    }
}

fn write_table(
    format: gotong_report::Format,
    meta: Meta,
    table: Table,
    kinds: &[ColumnKind],
    mut rows: mpsc::Receiver<Read>,
    out: Inlet,
) -> Result<Written, Unwritten> {
    let mut writer = Writer::new(format, meta, out).map_err(Unwritten::Report)?;
    writer.begin_table(table).map_err(Unwritten::Report)?;
    'all: loop {
        match rows.blocking_recv() {
            None => return Err(Unwritten::BrokenOff),
            Some(Read::End) => break,
            Some(Read::Rows(batch)) => {
                for row in &batch {
                    let cells = cells(row, kinds).map_err(Unwritten::Row)?;
                    if matches!(writer.row(&cells).map_err(Unwritten::Report)?, Taken::OverLimit) {
                        break 'all;
                    }
                }
            }
        }
    }
    writer.end_table().map_err(Unwritten::Report)?;
    Ok(writer.finish().map_err(Unwritten::Report)?.0)
}

/// Stores the pieces as they come. The object is not there before the upload is finished.
async fn store(mut upload: Upload, mut pieces: mpsc::Receiver<Bytes>) -> Result<Upload, StorageError> {
    while let Some(piece) = pieces.recv().await {
        if let Err(error) = upload.write(piece).await {
            upload.abort().await;
            return Err(error);
        }
    }
    Ok(upload)
}
