//! One page that loads nothing: its style and charts are inside, there is no script, and a policy forbids both.
//!
//! The body goes to a temporary file first, because the notices at its head are known only when the last row is.

mod svg;

use std::fmt::Display;
use std::io::{BufWriter, Seek, SeekFrom, Write};

use tempfile::SpooledTempFile;

use crate::error::ReportError;
use crate::locale::Label;
use crate::model::{Align, Cell, Chart, Column, ColumnType, Figure, Meta, Table};
use crate::show::Show;
use crate::words::{Losses, News, change, count, facts, no_rows};
use crate::writer::{Sink, Tally};

const STYLE: &str = include_str!("html/page.css");
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";
/// How much of the body stays in memory.
const IN_MEMORY: usize = 1024 * 1024;

pub(crate) struct HtmlSink<W: Write> {
    out: Tally<W>,
    body: BufWriter<SpooledTempFile>,
    meta: Meta,
    show: Show,
    /// Whether the last thing was a chart, beside which another may stand.
    in_charts: bool,
    table_rows: u64,
}

impl<W: Write> HtmlSink<W> {
    #[expect(clippy::unnecessary_wraps, reason = "as the other formats, some of which open files here")]
    pub fn new(meta: &Meta, out: Tally<W>) -> Result<Self, ReportError> {
        let body = BufWriter::new(tempfile::spooled_tempfile(IN_MEMORY));
        let show = Show { locale: meta.locale, zone: meta.time_zone };
        Ok(Self { out, body, meta: meta.clone(), show, in_charts: false, table_rows: 0 })
    }

    pub fn finish(mut self, notices: &[String]) -> Result<Tally<W>, ReportError> {
        self.leave_charts()?;
        let mut out = BufWriter::new(self.out);
        head(&mut out, &self.meta, self.show, notices)?;
        let mut body = self.body.into_inner().map_err(std::io::IntoInnerError::into_error)?;
        body.seek(SeekFrom::Start(0))?;
        std::io::copy(&mut body, &mut out)?;
        let source = facts(self.show, &self.meta).into_iter().map(|(name, value)| format!("{name}: {value}"));
        write!(
            out,
            "<footer>{}</footer>\n</main>\n</body>\n</html>\n",
            Escaped(&source.collect::<Vec<_>>().join(" · "))
        )?;
        out.into_inner().map_err(|error| ReportError::Io(error.into_error()))
    }

    fn leave_charts(&mut self) -> Result<(), ReportError> {
        if std::mem::take(&mut self.in_charts) {
            self.body.write_all(b"</div>\n")?;
        }
        Ok(())
    }
}

impl<W: Write> Sink for HtmlSink<W> {
    fn figures(&mut self, title: &Label, figures: &[Figure]) -> Result<(), ReportError> {
        self.leave_charts()?;
        writeln!(self.body, "<section>\n<h2>{}</h2>\n<dl class=\"figures\">", Escaped(title.get(self.show.locale)))?;
        for figure in figures {
            let label = Escaped(figure.label.get(self.show.locale));
            let value = match self.show.cell(&figure.value, figure.kind) {
                none if none.is_empty() => "–".to_owned(),
                value => value,
            };
            write!(self.body, "<div><dt>{label}</dt><dd>{}</dd>", Escaped(&value))?;
            if let Some((text, news)) = change(self.show, figure) {
                let class = match news {
                    News::Good => "good",
                    News::Bad => "bad",
                    News::Neither => "same",
                };
                write!(self.body, "<dd class=\"change {class}\">{}</dd>", Escaped(&text))?;
            }
            self.body.write_all(b"</div>\n")?;
        }
        self.body.write_all(b"</dl>\n</section>\n")?;
        Ok(())
    }

    fn chart(&mut self, chart: &Chart) -> Result<(), ReportError> {
        if !std::mem::replace(&mut self.in_charts, true) {
            self.body.write_all(b"<div class=\"charts\">\n")?;
        }
        svg::write(&mut self.body, chart, self.show)?;
        Ok(())
    }

    fn text(&mut self, text: &Label) -> Result<(), ReportError> {
        self.leave_charts()?;
        writeln!(self.body, "<p dir=\"auto\">{}</p>", Escaped(text.get(self.show.locale)))?;
        Ok(())
    }

    fn begin_table(&mut self, table: &Table) -> Result<(), ReportError> {
        self.leave_charts()?;
        self.table_rows = 0;
        writeln!(self.body, "<section>\n<h2>{}</h2>", Escaped(table.title.get(self.show.locale)))?;
        if let Some(note) = &table.note {
            writeln!(self.body, "<p>{}</p>", Escaped(note.get(self.show.locale)))?;
        }
        self.body.write_all(b"<div class=\"wide\" tabindex=\"0\">\n<table>\n<thead><tr>")?;
        for column in &table.columns {
            let label = Escaped(column.label.get(self.show.locale));
            write!(self.body, "<th scope=\"col\"{}>{label}</th>", class(column))?;
        }
        self.body.write_all(b"</tr></thead>\n<tbody>\n")?;
        Ok(())
    }

    fn row(&mut self, columns: &[Column], cells: &[Cell<'_>]) -> Result<(), ReportError> {
        self.table_rows += 1;
        self.body.write_all(b"<tr>")?;
        for (column, cell) in columns.iter().zip(cells) {
            let text = self.show.cell(cell, column.kind);
            let direction = if column.kind == ColumnType::Text { " dir=\"auto\"" } else { "" };
            write!(self.body, "<td{}{direction}>{}</td>", class(column), Escaped(&text))?;
        }
        self.body.write_all(b"</tr>\n")?;
        Ok(())
    }

    fn end_table(&mut self, table: &Table) -> Result<(), ReportError> {
        let columns = table.columns.len();
        if self.table_rows == 0 {
            let none = no_rows(self.show.locale);
            writeln!(self.body, "<tr><td class=\"none\" colspan=\"{columns}\">{none}</td></tr>")?;
        }
        self.body.write_all(b"</tbody>\n</table>\n</div>\n")?;
        if self.table_rows > 0 {
            let rows = count(self.show.locale, self.table_rows);
            let unit = self.show.locale.pick(if self.table_rows == 1 { "row" } else { "rows" }, "baris");
            writeln!(self.body, "<p class=\"count\">{rows} {unit}</p>")?;
        }
        self.body.write_all(b"</section>\n")?;
        Ok(())
    }

    fn losses(&mut self) -> Result<Losses, ReportError> {
        Ok(Losses::default())
    }
}

fn class(column: &Column) -> &'static str {
    let keeps_together = !matches!(column.kind, ColumnType::Text);
    match (column.align, keeps_together) {
        (Align::Start, false) => "",
        (Align::Start, true) => " class=\"n\"",
        (Align::Center, false) => " class=\"c\"",
        (Align::Center, true) => " class=\"c n\"",
        (Align::End, false) => " class=\"e\"",
        (Align::End, true) => " class=\"e n\"",
    }
}

fn head(out: &mut impl Write, meta: &Meta, show: Show, notices: &[String]) -> std::io::Result<()> {
    let title = Escaped(meta.title.get(show.locale));
    let language = show.locale.as_str();
    write!(
        out,
        "<!DOCTYPE html>\n<html lang=\"{language}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n<header>\n<h1>{title}</h1>\n"
    )?;
    if let Some(subtitle) = &meta.subtitle {
        writeln!(out, "<p class=\"subtitle\">{}</p>", Escaped(subtitle.get(show.locale)))?;
    }
    for notice in notices {
        writeln!(out, "<p class=\"notice\" role=\"note\">{}</p>", Escaped(notice))?;
    }
    // What was asked for; the rest stands in the footer.
    let asked = meta.parameters.iter().map(|(label, value)| (label.get(show.locale).to_owned(), value.clone()));
    let period = meta.range.map(|range| (show.locale.pick("Period", "Periode").to_owned(), show.range(range)));
    let facts: Vec<(String, String)> = period.into_iter().chain(asked).collect();
    if !facts.is_empty() {
        out.write_all(b"<dl class=\"facts\">\n")?;
        for (name, value) in facts {
            writeln!(out, "<div><dt>{}</dt><dd dir=\"auto\">{}</dd></div>", Escaped(&name), Escaped(&value))?;
        }
        out.write_all(b"</dl>\n")?;
    }
    out.write_all(b"</header>\n")
}

/// Text inside an element or a quoted attribute. What HTML cannot hold at all becomes U+FFFD.
pub(crate) struct Escaped<'a>(pub &'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut rest = self.0;
        let is_special =
            |c: char| matches!(c, '&' | '<' | '>' | '"' | '\'') || (c.is_control() && !matches!(c, '\n' | '\t'));
        while let Some(at) = rest.find(is_special) {
            formatter.write_str(&rest[..at])?;
            let special = rest[at..].chars().next().expect("something was found there");
            formatter.write_str(match special {
                '&' => "&amp;",
                '<' => "&lt;",
                '>' => "&gt;",
                '"' => "&quot;",
                '\'' => "&#39;",
                '\r' => "&#13;",
                _ => "\u{fffd}",
            })?;
            rest = &rest[at + special.len_utf8()..];
        }
        formatter.write_str(rest)
    }
}
