//! What the platform itself can be asked about. Each data set is a query in `sql/` with five values: `$1` the parameters
//! as JSON, with `zone` among them; `$2` the workspace, null for all of them; `$3` and `$4` from when until when; `$5` the
//! most rows.

use super::{
    USUAL_ROWS,
    parameters::{Parameter, ParameterKind},
};
use poem_openapi::Enum;

/// What the values of a column are, and so how a format shows them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename_all = "lowercase")]
pub enum ColumnKind {
    /// Text.
    Text,
    /// A whole number.
    Integer,
    /// A number with digits behind the point.
    Decimal,
    /// True or false.
    Boolean,
    /// A day.
    Date,
    /// A moment.
    Timestamp,
    /// A length of time, in milliseconds.
    Duration,
    /// A number of bytes.
    Bytes,
    /// A share: 0.5 is 50 %.
    Percentage,
}

impl ColumnKind {
    /// Of a query's column whose type PostgreSQL calls so.
    #[must_use]
    pub fn of_type(name: &str) -> Self {
        match name {
            "smallint" | "integer" | "bigint" => Self::Integer,
            "real" | "double precision" | "numeric" => Self::Decimal,
            "boolean" => Self::Boolean,
            "date" => Self::Date,
            "timestamp with time zone" | "timestamp without time zone" => Self::Timestamp,
            "interval" => Self::Duration,
            _ => Self::Text,
        }
    }
}

/// A column of a data set.
#[derive(Clone, Copy, Debug)]
pub struct DataColumn {
    /// Its name in files for programs.
    pub name: &'static str,
    /// What its values are.
    pub kind: ColumnKind,
    /// What people read above it, in English and Indonesian.
    pub title: [&'static str; 2],
}

/// Something that a report can be about.
#[derive(Clone, Copy, Debug)]
pub struct DataSet {
    /// Its name.
    pub name: &'static str,
    /// What people call it, in English and Indonesian.
    pub title: [&'static str; 2],
    /// What is in it.
    pub about: &'static str,
    /// Its columns; none where it is a document of several tables.
    pub columns: &'static [DataColumn],
    /// Whether it is a document of several tables, figures and charts.
    pub is_document: bool,
    /// The most rows of one report.
    pub row_limit: i64,
    /// Its query.
    pub sql: &'static str,
    parameters: &'static [(&'static str, ParameterKind, &'static str)],
}

impl DataSet {
    /// What it can be asked with. None has to be given.
    #[must_use]
    pub fn parameters(&self) -> Vec<Parameter> {
        let all = self.parameters.iter().map(|(name, kind, about)| Parameter {
            name: (*name).to_owned(),
            kind: *kind,
            required: false,
            default: None,
            about: Some((*about).to_owned()),
        });
        all.collect()
    }
}

/// Every data set, by name.
pub fn all() -> impl Iterator<Item = &'static DataSet> {
    ALL.iter()
}

/// The data set of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static DataSet> {
    all().find(|set| set.name == name)
}

/// The name of the platform's week.
pub const WEEKLY: &str = "weekly";

const fn column(name: &'static str, kind: ColumnKind, en: &'static str, id: &'static str) -> DataColumn {
    DataColumn { name, kind, title: [en, id] }
}

const KIND: (&str, ParameterKind, &str) = ("kind", ParameterKind::Text, "Only jobs of this kind.");
const QUEUE: (&str, ParameterKind, &str) = ("queue", ParameterKind::Text, "Only jobs of this queue.");

use ColumnKind::{Boolean, Bytes, Date, Duration, Integer, Percentage, Text, Timestamp};

const ALL: [DataSet; 10] = [
    DataSet {
        name: "api_keys",
        title: ["Audit of API keys", "Audit kunci API"],
        about: "Every API key: who may do what, since when, until when, last used when, and how many jobs of the range it asked for. The secrets are not in it.",
        columns: &[
            column("name", Text, "Key", "Kunci"),
            column("role", Text, "Role", "Peran"),
            column("state", Text, "State at the end", "Keadaan pada akhir"),
            column("jobs", Integer, "Jobs", "Pekerjaan"),
            column("last_used_at", Timestamp, "Last used", "Terakhir dipakai"),
            column("created_at", Timestamp, "Created", "Dibuat"),
            column("expires_at", Timestamp, "Expires", "Kedaluwarsa"),
            column("revoked_at", Timestamp, "Revoked", "Dicabut"),
            column("id", Text, "Id", "Id"),
        ],
        is_document: false,
        row_limit: USUAL_ROWS,
        sql: include_str!("sql/api_keys.sql"),
        parameters: &[],
    },
    DataSet {
        name: "backups",
        title: ["Backups", "Cadangan"],
        about: "Every backup that the workspace asked for in the range, and whether a restore has proved it.",
        columns: &[
            column("target", Text, "Database", "Basis data"),
            column("state", Text, "State", "Keadaan"),
            column("taken_at", Timestamp, "Taken", "Diambil"),
            column("duration_ms", Duration, "Took", "Lamanya"),
            column("dump_bytes", Bytes, "Dump", "Dump"),
            column("stored_bytes", Bytes, "Stored", "Tersimpan"),
            column("verification", Text, "Restore drill", "Uji pemulihan"),
            column("verified_at", Timestamp, "Proved", "Terbukti"),
            column("restore_ms", Duration, "Restore takes", "Lama pemulihan"),
            column("error", Text, "Failure", "Kegagalan"),
            column("id", Text, "Id", "Id"),
        ],
        is_document: false,
        row_limit: USUAL_ROWS,
        sql: include_str!("sql/backups.sql"),
        parameters: &[("target", ParameterKind::Text, "Only backups of this database.")],
    },
    DataSet {
        name: "failures",
        title: ["Failures by fingerprint", "Kegagalan menurut sidik"],
        about: "Jobs accepted in the range whose last failure was alike, most frequent first.",
        columns: &[
            column("kind", Text, "Kind", "Jenis"),
            column("class", Text, "Failure", "Kegagalan"),
            column("message", Text, "Latest message", "Pesan terakhir"),
            column("jobs", Integer, "Jobs", "Pekerjaan"),
            column("dead", Integer, "Given up", "Gagal total"),
            column("recovered", Integer, "Succeeded later", "Kemudian berhasil"),
            column("first_seen", Timestamp, "First", "Pertama"),
            column("last_seen", Timestamp, "Last", "Terakhir"),
            column("fingerprint", Text, "Fingerprint", "Sidik"),
        ],
        is_document: false,
        row_limit: USUAL_ROWS,
        sql: include_str!("sql/failures.sql"),
        parameters: &[KIND],
    },
    DataSet {
        name: "jobs",
        title: ["Jobs", "Pekerjaan"],
        about: "Every job that was accepted in the range, in the order of its acceptance.",
        columns: &[
            column("id", Text, "Id", "Id"),
            column("kind", Text, "Kind", "Jenis"),
            column("queue", Text, "Queue", "Antrean"),
            column("state", Text, "State", "Keadaan"),
            column("priority", Integer, "Priority", "Prioritas"),
            column("attempts", Integer, "Attempts", "Percobaan"),
            column("created_at", Timestamp, "Accepted", "Diterima"),
            column("started_at", Timestamp, "Started", "Dimulai"),
            column("finished_at", Timestamp, "Ended", "Berakhir"),
            column("waited_ms", Duration, "Waited", "Menunggu"),
            column("ran_ms", Duration, "Ran", "Berjalan"),
            column("error_class", Text, "Failure", "Kegagalan"),
            column("error_message", Text, "Message", "Pesan"),
        ],
        is_document: false,
        row_limit: super::MOST_ROWS,
        sql: include_str!("sql/jobs.sql"),
        parameters: &[KIND, QUEUE, ("state", ParameterKind::Text, "Only jobs in this state.")],
    },
    DataSet {
        name: "jobs_by_kind",
        title: ["Jobs by kind and outcome", "Pekerjaan menurut jenis dan hasil"],
        about: "How many jobs accepted in the range ended how, and how long they took.",
        columns: &[
            column("kind", Text, "Kind", "Jenis"),
            column("outcome", Text, "Outcome", "Hasil"),
            column("jobs", Integer, "Jobs", "Pekerjaan"),
            column("share", Percentage, "Share of the kind", "Bagian dari jenis"),
            column("attempts", Integer, "Attempts", "Percobaan"),
            column("retries", Integer, "Retries", "Percobaan ulang"),
            column("ran_p50_ms", Duration, "Ran, median", "Berjalan, median"),
            column("ran_p95_ms", Duration, "Ran, 95 %", "Berjalan, 95 %"),
        ],
        is_document: false,
        row_limit: USUAL_ROWS,
        sql: include_str!("sql/jobs_by_kind.sql"),
        parameters: &[KIND, QUEUE],
    },
    DataSet {
        name: "mail",
        title: ["Mail", "Surel"],
        about: "Every recipient of every e-mail accepted in the range, and what became of it.",
        columns: &[
            column("email_id", Text, "E-mail", "Surel"),
            column("accepted_at", Timestamp, "Accepted", "Diterima"),
            column("subject", Text, "Subject", "Perihal"),
            column("template", Text, "Template", "Templat"),
            column("address", Text, "Address", "Alamat"),
            column("state", Text, "State", "Keadaan"),
            column("sent_at", Timestamp, "Sent", "Terkirim"),
            column("sends", Integer, "Handed over", "Diserahkan"),
            column("reply_code", Integer, "Code", "Kode"),
            column("reply", Text, "Answer", "Jawaban"),
            column("possibly_duplicate", Boolean, "Possibly twice", "Mungkin ganda"),
        ],
        is_document: false,
        row_limit: USUAL_ROWS,
        sql: include_str!("sql/mail.sql"),
        parameters: &[("state", ParameterKind::Text, "Only recipients in this state.")],
    },
    DataSet {
        name: "media",
        title: ["Media", "Media"],
        about: "Every file uploaded in the range.",
        columns: &[
            column("id", Text, "Id", "Id"),
            column("filename", Text, "File", "Berkas"),
            column("category", Text, "Category", "Kategori"),
            column("content_type", Text, "Type", "Tipe"),
            column("bytes", Bytes, "Size", "Ukuran"),
            column("state", Text, "State", "Keadaan"),
            column("failure", Text, "Failure", "Kegagalan"),
            column("uploaded_at", Timestamp, "Uploaded", "Diunggah"),
            column("deleted_at", Timestamp, "Deleted", "Dihapus"),
        ],
        is_document: false,
        row_limit: USUAL_ROWS,
        sql: include_str!("sql/media.sql"),
        parameters: &[("category", ParameterKind::Text, "Only files of this category: image or audio.")],
    },
    DataSet {
        name: "queue_latency",
        title: ["Queue latency", "Latensi antrean"],
        about: "How long jobs accepted in the range waited and ran, per day and queue.",
        columns: &[
            column("day", Date, "Day", "Hari"),
            column("queue", Text, "Queue", "Antrean"),
            column("jobs", Integer, "Jobs", "Pekerjaan"),
            column("waited_p50_ms", Duration, "Waited, median", "Menunggu, median"),
            column("waited_p95_ms", Duration, "Waited, 95 %", "Menunggu, 95 %"),
            column("waited_p99_ms", Duration, "Waited, 99 %", "Menunggu, 99 %"),
            column("waited_max_ms", Duration, "Waited, longest", "Menunggu, terlama"),
            column("ran_p50_ms", Duration, "Ran, median", "Berjalan, median"),
            column("ran_p95_ms", Duration, "Ran, 95 %", "Berjalan, 95 %"),
        ],
        is_document: false,
        row_limit: USUAL_ROWS,
        sql: include_str!("sql/queue_latency.sql"),
        parameters: &[QUEUE],
    },
    DataSet {
        name: "search",
        title: ["Search documents", "Dokumen pencarian"],
        about: "Every document changed last in the range, and whether the search index still has to follow.",
        columns: &[
            column("type", Text, "Type", "Tipe"),
            column("id", Text, "Id", "Id"),
            column("version", Integer, "Version", "Versi"),
            column("state", Text, "State", "Keadaan"),
            column("pending", Boolean, "Not indexed yet", "Belum terindeks"),
            column("created_at", Timestamp, "Created", "Dibuat"),
            column("updated_at", Timestamp, "Changed", "Diubah"),
        ],
        is_document: false,
        row_limit: USUAL_ROWS,
        sql: include_str!("sql/search.sql"),
        parameters: &[("type", ParameterKind::Text, "Only documents of this type: project or profile.")],
    },
    DataSet {
        name: WEEKLY,
        title: ["The platform's week", "Pekan platform"],
        about: "A document to forward: jobs, failures, latency, mail and backups of the week at whose end the range ends, beside the week before. Figures of queues are the whole platform's.",
        columns: &[],
        is_document: true,
        row_limit: 10_000,
        sql: "",
        parameters: &[],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_sets_are_well_formed() {
        let names: Vec<_> = all().map(|set| set.name).collect();
        assert!(names.is_sorted(), "{names:?}");
        for set in all() {
            assert_eq!(set.columns.is_empty(), set.is_document, "{}", set.name);
            let mut columns: Vec<_> = set.columns.iter().map(|column| column.name).collect();
            columns.sort_unstable();
            columns.dedup();
            assert_eq!(columns.len(), set.columns.len(), "{}: its columns differ", set.name);
            for parameter in set.parameters() {
                assert!(super::super::parameters::is_name(&parameter.name) && set.sql.contains(&parameter.name));
            }
        }
    }
}
