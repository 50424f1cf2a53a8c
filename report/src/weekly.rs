//! The platform's weekly report: what one would forward to a manager.
//!
//! Figures in large letters with the change against the week before, four charts, and the tables behind them. It does not
//! know where the numbers come from.

mod figures;
mod tables;

use std::io::Write;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;

use crate::error::ReportError;
use crate::format::Format;
use crate::locale::{Label, Locale};
use crate::model::{Axis, Chart, ChartKind, ColumnType, Meta, Series, Tone};
use crate::writer::Writer;

/// The formats that show it as it is meant.
pub const FORMATS: [Format; 3] = [Format::Html, Format::Pdf, Format::Xlsx];

/// How many failures are shown.
pub const MOST_FAILURES: usize = 10;

/// A week, and what it is compared with.
#[derive(Clone, Debug, Default)]
pub struct Week {
    /// All jobs of the week.
    pub this: Totals,
    /// All jobs of the week before.
    pub before: Totals,
    /// One per kind of job.
    pub kinds: Vec<KindWeek>,
    /// One per day, in order, by the report's zone.
    pub days: Vec<Day>,
    /// The most frequent first; [`MOST_FAILURES`] of them are shown.
    pub failures: Vec<Failure>,
    /// What became of mail.
    pub mail: Mail,
    /// What became of mail the week before.
    pub mail_before: Mail,
    /// One per thing that is backed up.
    pub backups: Vec<Backup>,
}

/// Counts of jobs and of their attempts.
#[derive(Clone, Copy, Debug, Default)]
pub struct Totals {
    /// Jobs that succeeded.
    pub completed: u64,
    /// Jobs that failed for good: dead, quarantined and expired ones.
    pub dead: u64,
    /// Jobs that were called off.
    pub cancelled: u64,
    /// Attempts, whatever came of them.
    pub attempts: u64,
    /// Attempts that failed and were tried again.
    pub retried: u64,
    /// How long all but the slowest twentieth of jobs waited for a worker, in milliseconds.
    pub wait_p95_ms: Option<u64>,
    /// How long all but the slowest twentieth of attempts ran, in milliseconds.
    pub run_p95_ms: Option<u64>,
}

/// A kind of job.
#[derive(Clone, Debug, Default)]
pub struct KindWeek {
    /// Its name, such as `email.send`.
    pub kind: String,
    /// Jobs that succeeded.
    pub completed: u64,
    /// Jobs that failed for good.
    pub dead: u64,
    /// Jobs that were called off.
    pub cancelled: u64,
    /// Attempts that failed and were tried again.
    pub retried: u64,
    /// Half of the jobs waited no longer, in milliseconds.
    pub wait_p50_ms: Option<u64>,
    /// All but a twentieth waited no longer.
    pub wait_p95_ms: Option<u64>,
    /// All but a hundredth waited no longer.
    pub wait_p99_ms: Option<u64>,
    /// All but a twentieth of the attempts ran no longer.
    pub run_p95_ms: Option<u64>,
}

/// One day.
#[derive(Clone, Debug)]
pub struct Day {
    /// Which, in the report's zone.
    pub date: NaiveDate,
    /// Jobs that succeeded.
    pub completed: u64,
    /// Jobs that failed for good.
    pub dead: u64,
    /// Jobs that were called off.
    pub cancelled: u64,
    /// Half of the jobs waited no longer, in milliseconds.
    pub wait_p50_ms: Option<u64>,
    /// All but a twentieth waited no longer.
    pub wait_p95_ms: Option<u64>,
    /// Mails that a server took.
    pub mails_sent: u64,
}

/// Failures that are alike.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The kind of the jobs.
    pub kind: String,
    /// The class of the error.
    pub class: String,
    /// Its message.
    pub message: String,
    /// What they have in common.
    pub fingerprint: String,
    /// How many there were.
    pub count: u64,
    /// The last of them.
    pub last_seen: DateTime<Utc>,
}

/// What became of mail.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mail {
    /// Taken by a server.
    pub sent: u64,
    /// Returned.
    pub bounced: u64,
    /// Reported as unwanted.
    pub complained: u64,
    /// Not sent, because the address is on the list of suppressions.
    pub suppressed: u64,
    /// Given up.
    pub failed: u64,
}

/// Something that is backed up.
#[derive(Clone, Debug, Default)]
pub struct Backup {
    /// Its name.
    pub name: String,
    /// Backups that succeeded.
    pub succeeded: u64,
    /// Backups that failed.
    pub failed: u64,
    /// What they take, in bytes.
    pub bytes: u64,
    /// The last that succeeded, ever.
    pub last_success: Option<DateTime<Utc>>,
    /// The last that was restored to see whether it can be.
    pub last_restore_check: Option<DateTime<Utc>>,
}

/// The title, the period and the rest of the head.
#[must_use]
pub fn meta(from: DateTime<Utc>, until: DateTime<Utc>, snapshot_at: DateTime<Utc>, locale: Locale, zone: Tz) -> Meta {
    Meta {
        subtitle: Some(Label::new(
            "Jobs, failures, latency, mail and backups of the week",
            "Pekerjaan, kegagalan, latensi, surel, dan cadangan selama sepekan",
        )),
        range: Some((from, until)),
        source: "weekly".to_owned(),
        locale,
        time_zone: zone,
        ..Meta::new(Label::new("Gotong weekly report", "Laporan mingguan Gotong"), snapshot_at)
    }
}

/// Writes the body of the report; [`Writer::finish`] is left to the caller.
///
/// # Errors
///
/// As those of [`Writer`].
pub fn write<W: Write + Send>(writer: &mut Writer<W>, week: &Week) -> Result<(), ReportError> {
    writer.figures(&Label::new("The week at a glance", "Sekilas pekan ini"), &figures::headline(week))?;
    writer.text(&figures::verdict(week))?;
    if !week.days.is_empty() {
        for chart in [outcomes(week), failures(week), waits(week), mails(week)] {
            writer.chart(&chart)?;
        }
    }
    tables::kinds(writer, week)?;
    tables::failures(writer, week)?;
    writer.figures(&Label::new("Mail", "Surel"), &figures::mail(week))?;
    tables::backups(writer, week)
}

fn days(week: &Week) -> Axis {
    Axis::Dates(week.days.iter().map(|day| day.date).collect())
}

#[expect(clippy::cast_precision_loss, reason = "a chart needs no more than 53 bits")]
fn series(week: &Week, label: Label, value: impl Fn(&Day) -> Option<u64>) -> Series {
    Series::new(label, week.days.iter().map(|day| value(day).map(|number| number as f64)).collect())
}

fn outcomes(week: &Week) -> Chart {
    let completed = Label::new("completed", "selesai");
    let dead = Label::new("failed for good", "gagal permanen");
    let cancelled = Label::new("cancelled", "dibatalkan");
    Chart {
        title: Label::new("Jobs per day", "Pekerjaan per hari"),
        kind: ChartKind::StackedBar,
        axis: days(week),
        value: ColumnType::Integer,
        series: vec![
            series(week, completed, |day| Some(day.completed)),
            series(week, dead, |day| Some(day.dead)).tone(Tone::Bad),
            series(week, cancelled, |day| Some(day.cancelled)).tone(Tone::Muted),
        ],
    }
}

// Beside a success rate that is fit to be seen, failures are too few for the chart of all jobs.
fn failures(week: &Week) -> Chart {
    let dead = Label::new("failed for good", "gagal permanen");
    Chart {
        title: Label::new("Failures per day", "Kegagalan per hari"),
        kind: ChartKind::Bar,
        axis: days(week),
        value: ColumnType::Integer,
        series: vec![series(week, dead, |day| Some(day.dead)).tone(Tone::Bad)],
    }
}

fn waits(week: &Week) -> Chart {
    Chart {
        title: Label::new("Wait for a worker", "Waktu tunggu pekerja"),
        kind: ChartKind::Line,
        axis: days(week),
        value: ColumnType::Duration,
        series: vec![
            series(week, Label::new("95% of jobs", "95% pekerjaan"), |day| day.wait_p95_ms),
            series(week, Label::new("half of jobs", "separuh pekerjaan"), |day| day.wait_p50_ms),
        ],
    }
}

fn mails(week: &Week) -> Chart {
    Chart {
        title: Label::new("Mails sent per day", "Surel terkirim per hari"),
        kind: ChartKind::Bar,
        axis: days(week),
        value: ColumnType::Integer,
        series: vec![series(week, Label::new("sent", "terkirim"), |day| Some(day.mails_sent))],
    }
}
