//! The numbers in large letters, and the sentence under them.

use super::{Totals, Week};
use crate::locale::{Label, Locale};
use crate::model::{Better, Cell, ColumnType, Figure};
use crate::words::count;

/// A count as a cell; what is beyond `i64` stays at its end.
pub fn number(value: u64) -> Cell<'static> {
    Cell::Integer(i64::try_from(value).unwrap_or(i64::MAX))
}

/// A duration as a cell.
pub fn duration(milliseconds: Option<u64>) -> Cell<'static> {
    milliseconds.map_or(Cell::Null, number)
}

fn integer(label: Label, now: u64, before: u64, better: Better) -> Figure {
    Figure { label, kind: ColumnType::Integer, value: number(now), before: Some(number(before)), better }
}

pub fn headline(week: &Week) -> Vec<Figure> {
    let Week { this, before, mail, mail_before, .. } = week;
    let succeeded: u64 = week.backups.iter().map(|backup| backup.succeeded).sum();
    let failed: u64 = week.backups.iter().map(|backup| backup.failed).sum();
    vec![
        integer(Label::new("Jobs completed", "Pekerjaan selesai"), this.completed, before.completed, Better::Higher),
        Figure {
            label: Label::new("Success rate", "Tingkat keberhasilan"),
            kind: ColumnType::Percentage,
            value: success(this).into(),
            before: success(before).map(Cell::from),
            better: Better::Higher,
        },
        integer(Label::new("Failed for good", "Gagal permanen"), this.dead, before.dead, Better::Lower),
        integer(Label::new("Attempts retried", "Percobaan diulang"), this.retried, before.retried, Better::Lower),
        Figure {
            label: Label::new("Wait, 95% of jobs", "Tunggu, 95% pekerjaan"),
            kind: ColumnType::Duration,
            value: duration(this.wait_p95_ms),
            before: before.wait_p95_ms.map(number),
            better: Better::Lower,
        },
        Figure {
            label: Label::new("Run, 95% of attempts", "Jalan, 95% percobaan"),
            kind: ColumnType::Duration,
            value: duration(this.run_p95_ms),
            before: before.run_p95_ms.map(number),
            better: Better::Lower,
        },
        integer(Label::new("Mails sent", "Surel terkirim"), mail.sent, mail_before.sent, Better::Higher),
        Figure {
            label: Label::new("Backups that succeeded", "Cadangan berhasil"),
            kind: ColumnType::Text,
            value: Cell::Text(format!("{succeeded}/{}", succeeded + failed).into()),
            before: None,
            better: Better::Neither,
        },
    ]
}

/// The share of ended jobs that succeeded; those that were called off are no failures, and no successes.
#[expect(clippy::cast_precision_loss, reason = "a percentage needs no more than 53 bits")]
fn success(totals: &Totals) -> Option<f64> {
    let ended = totals.completed + totals.dead;
    (ended > 0).then(|| totals.completed as f64 / ended as f64)
}

pub fn mail(week: &Week) -> Vec<Figure> {
    let (now, before) = (week.mail, week.mail_before);
    vec![
        integer(Label::new("Sent", "Terkirim"), now.sent, before.sent, Better::Higher),
        integer(Label::new("Bounced", "Terpental"), now.bounced, before.bounced, Better::Lower),
        integer(Label::new("Complaints", "Keluhan"), now.complained, before.complained, Better::Lower),
        integer(
            Label::new("Suppressed or given up", "Ditahan atau gagal"),
            now.suppressed + now.failed,
            before.suppressed + before.failed,
            Better::Lower,
        ),
    ]
}

/// What a reader in a hurry takes away.
pub fn verdict(week: &Week) -> Label {
    let mut sentences = [String::new(), String::new()];
    let mut say = |en: String, id: String| {
        for (text, sentence) in sentences.iter_mut().zip([en, id]) {
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(&sentence);
        }
    };
    let worst = week.kinds.iter().filter(|kind| kind.dead > 0).max_by_key(|kind| kind.dead);
    match worst {
        _ if week.this.completed + week.this.dead + week.this.cancelled == 0 => {
            say("No job ended this week.".into(), "Tidak ada pekerjaan yang berakhir pekan ini.".into());
        }
        None if week.this.dead == 0 => {
            say("No job failed for good.".into(), "Tidak ada pekerjaan yang gagal permanen.".into());
        }
        None => {}
        Some(kind) => say(
            format!("Most failures were of {}: {}.", kind.kind, count(Locale::En, kind.dead)),
            format!("Kegagalan terbanyak pada {}: {}.", kind.kind, count(Locale::Id, kind.dead)),
        ),
    }
    let failing: Vec<&str> =
        week.backups.iter().filter(|backup| backup.failed > 0).map(|backup| backup.name.as_str()).collect();
    match (week.backups.is_empty(), failing.is_empty()) {
        (true, _) => say("Nothing was backed up.".into(), "Tidak ada yang dicadangkan.".into()),
        (false, true) => say("Every backup succeeded.".into(), "Semua pencadangan berhasil.".into()),
        (false, false) => say(
            format!("Backups failed of: {}.", failing.join(", ")),
            format!("Pencadangan gagal untuk: {}.", failing.join(", ")),
        ),
    }
    let [en, id] = sentences;
    Label::new(en, id)
}
