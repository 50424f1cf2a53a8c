//! The sentences that a report says by itself.

use crate::locale::Locale;
use crate::model::{Better, ColumnType, Figure, Meta};
use crate::show::{Show, percentage};

/// Says that a report reached its limit: the same sentence for the report, the API and the mail.
#[must_use]
pub fn truncation_notice(locale: Locale, limit: u64) -> String {
    let limit = count(locale, limit);
    match locale {
        Locale::En => format!("This report reached its limit of {limit} rows: there are more than it shows."),
        Locale::Id => format!("Laporan ini mencapai batas {limit} baris: masih ada data yang tidak ditampilkan."),
    }
}

/// What of the data a format could not show as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    /// Cells whose text was longer than the format shows.
    pub shortened: u64,
    /// The length at which they were cut, in characters.
    pub most: usize,
    /// Numbers and dates that a spreadsheet would change, written as text instead.
    pub as_text: u64,
    /// Characters for which no font has a glyph.
    pub without_glyph: u64,
}

/// Everything that its reader must know before the first row.
pub fn notices(locale: Locale, truncated: Option<u64>, by_format: bool, losses: Losses) -> Vec<String> {
    let mut notices = Vec::new();
    if let Some(limit) = truncated {
        let mut notice = truncation_notice(locale, limit);
        if by_format {
            notice.push(' ');
            notice.push_str(locale.pick(
                "That is the most this format holds; take CSV or JSON lines for all of them.",
                "Itulah batas terbesar format ini; gunakan CSV atau JSON lines untuk semuanya.",
            ));
        }
        notices.push(notice);
    }
    let Losses { shortened, most, as_text, without_glyph } = losses;
    let [shortened, most, as_text, without_glyph] =
        [shortened, most as u64, as_text, without_glyph].map(|number| (number, count(locale, number)));
    if shortened.0 > 0 {
        notices.push(match locale {
            Locale::En => format!("Cells with text longer than {} characters, cut there: {}.", most.1, shortened.1),
            Locale::Id => format!("Sel dengan teks lebih dari {} karakter, dipotong di sana: {}.", most.1, shortened.1),
        });
    }
    if as_text.0 > 0 {
        notices.push(match locale {
            Locale::En => {
                format!("Values that a spreadsheet cannot hold exactly, written as text: {}.", as_text.1)
            }
            Locale::Id => {
                format!(
                    "Nilai yang tidak dapat disimpan persis oleh lembar kerja, ditulis sebagai teks: {}.",
                    as_text.1
                )
            }
        });
    }
    if without_glyph.0 > 0 {
        notices.push(match locale {
            Locale::En => format!("Characters for which the fonts have no shape, shown as boxes: {}.", without_glyph.1),
            Locale::Id => {
                format!("Karakter yang tidak ada bentuknya dalam fon, ditampilkan sebagai kotak: {}.", without_glyph.1)
            }
        });
    }
    notices
}

/// Whether a change is good news.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    Good,
    Bad,
    Neither,
}

/// `+12.5% from 1,024`, and whether that is good news.
pub fn change(show: Show, figure: &Figure) -> Option<(String, News)> {
    let before = figure.before.as_ref()?;
    let from = show.cell(before, figure.kind);
    let (Some(old), Some(new)) = (before.number(), figure.value.number()) else {
        let text = show.locale.pick("before: ", "sebelumnya: ");
        return (!from.is_empty()).then(|| (format!("{text}{from}"), News::Neither));
    };
    let (text, delta) = if figure.kind == ColumnType::Percentage {
        let points = (new - old) * 100.0;
        let number = percentage(show.locale, points.abs() / 100.0);
        let unit = show.locale.pick("points", "poin");
        let direction = sign(points, 0.05);
        (format!("{}{} {unit}", mark(direction), number.trim_end_matches('%')), direction)
    } else if old == 0.0 {
        (String::new(), sign(new, 0.0))
    } else {
        let share = (new - old) / old.abs();
        (format!("{}{}", mark(sign(share, 0.0)), percentage(show.locale, share.abs())), sign(share, 0.0))
    };
    let news = match (figure.better, delta) {
        (Better::Neither, _) | (_, 0) => News::Neither,
        (Better::Higher, 1) | (Better::Lower, -1) => News::Good,
        _ => News::Bad,
    };
    let text = match (delta, text.as_str()) {
        (0, _) => show.locale.pick("unchanged", "tetap").to_owned(),
        (_, "") => format!("{} {from}", show.locale.pick("from", "dari")),
        (_, text) => format!("{text} {} {from}", show.locale.pick("from", "dari")),
    };
    Some((text, news))
}

fn sign(value: f64, smallest: f64) -> i8 {
    if value > smallest {
        1
    } else if value < -smallest {
        -1
    } else {
        0
    }
}

fn mark(direction: i8) -> &'static str {
    if direction < 0 { "-" } else { "+" }
}

/// The lines under the title: what was asked for, from where, and as of when.
pub fn facts(show: Show, meta: &Meta) -> Vec<(String, String)> {
    let word = |en: &str, id: &str| show.locale.pick(en, id).to_owned();
    let mut facts = Vec::new();
    if let Some(range) = meta.range {
        facts.push((word("Period", "Periode"), show.range(range)));
    }
    for (label, value) in &meta.parameters {
        facts.push((label.get(show.locale).to_owned(), value.clone()));
    }
    if !meta.source.is_empty() {
        facts.push((word("Source", "Sumber"), meta.source.clone()));
    }
    facts.push((word("Data as of", "Data per"), show.zoned(meta.snapshot_at)));
    facts.push((word("Time zone", "Zona waktu"), show.zone_at(meta.snapshot_at)));
    facts
}

/// `page 2 of 7`.
pub fn page(locale: Locale, page: usize, pages: usize) -> String {
    let [page, pages] = [page, pages].map(|number| count(locale, number as u64));
    match locale {
        Locale::En => format!("page {page} of {pages}"),
        Locale::Id => format!("halaman {page} dari {pages}"),
    }
}

/// What stands where a table has no rows.
pub fn no_rows(locale: Locale) -> &'static str {
    locale.pick("No rows.", "Tidak ada baris.")
}

/// `1,234`.
pub fn count(locale: Locale, number: u64) -> String {
    let show = Show { locale, zone: chrono_tz::Tz::UTC };
    show.cell(&crate::Cell::Integer(i64::try_from(number).unwrap_or(i64::MAX)), ColumnType::Integer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Cell;
    use crate::{Better, Label};

    fn told(kind: ColumnType, before: Cell<'static>, now: Cell<'static>, locale: Locale) -> Option<(String, News)> {
        let figure =
            Figure { label: Label::same("Jobs"), kind, value: now, before: Some(before), better: Better::Lower };
        change(Show { locale, zone: chrono_tz::Tz::UTC }, &figure)
    }

    #[test]
    fn a_change_names_what_it_came_from() {
        let integer = ColumnType::Integer;
        let told_en = |before: i64, now: i64| told(integer, before.into(), now.into(), Locale::En).unwrap();
        assert_eq!(told_en(1_000, 1_125), ("+12.5% from 1,000".into(), News::Bad));
        assert_eq!(told_en(8, 6), ("-25.0% from 8".into(), News::Good));
        assert_eq!(told_en(0, 6), ("from 0".into(), News::Bad));
        assert_eq!(told_en(6, 6), ("unchanged".into(), News::Neither));
        let points = told(ColumnType::Percentage, 0.5.into(), 0.475.into(), Locale::Id).unwrap();
        assert_eq!(points, ("-2,5 poin dari 50,0%".into(), News::Good));
        assert_eq!(told(integer, Cell::Null, 6_i64.into(), Locale::En), None);
    }

    #[test]
    fn a_format_that_sets_the_limit_says_so() {
        let by_format = notices(Locale::En, Some(10_000), true, Losses::default());
        assert!(by_format[0].contains("limit of 10,000 rows") && by_format[0].contains("CSV"));
        let by_caller = notices(Locale::Id, Some(500), false, Losses::default());
        assert_eq!(by_caller, ["Laporan ini mencapai batas 500 baris: masih ada data yang tidak ditampilkan."]);
    }
}
