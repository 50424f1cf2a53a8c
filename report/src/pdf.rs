//! Pages of A4: a header and a footer with "page n of m", embedded fonts, charts as vectors.
//!
//! Rows are kept as the words that their reader sees until the last one came, because the number of pages stands on the
//! first; that is why [`Format::max_rows`](crate::Format::max_rows) is small here. Where a table's columns need
//! more room than an upright page has, it and what follows stand on pages that lie. Text is shaped by its script and runs right to left
//! where it should (Unicode Bidirectional Algorithm); lines break where UAX #14 lets them.

mod blocks;
mod fonts;
mod paint;
mod paragraph;
mod shaping;
mod sheet;
mod table;

use std::io::Write;

use crate::error::ReportError;
use crate::locale::Label;
use crate::model::{Cell, Chart, Column, Figure, Meta, Table};
use crate::show::Show;
use crate::words::Losses;
use crate::writer::{Sink, Tally};
use blocks::Block;
use fonts::Coverage;

/// A cell with more characters than this is cut there, and the first page says so.
const MOST_CHARACTERS: usize = 400;
/// How many characters all tables have together, at most: they are in memory until the end.
const MOST_IN_ALL: usize = 4_000_000;

pub(crate) struct PdfSink<W: Write> {
    out: Tally<W>,
    meta: Meta,
    show: Show,
    blocks: Vec<Block>,
    rows: Vec<Vec<String>>,
    coverage: Coverage,
    shortened: u64,
    characters: usize,
}

impl<W: Write> PdfSink<W> {
    #[expect(clippy::unnecessary_wraps, reason = "as the other formats, some of which open files here")]
    pub fn new(meta: &Meta, out: Tally<W>) -> Result<Self, ReportError> {
        let show = Show { locale: meta.locale, zone: meta.time_zone };
        let mut sink = Self {
            out,
            meta: meta.clone(),
            show,
            blocks: Vec::new(),
            rows: Vec::new(),
            coverage: Coverage::new(),
            shortened: 0,
            characters: 0,
        };
        sink.coverage.see(meta.title.get(show.locale));
        for (_, value) in &meta.parameters {
            sink.coverage.see(value);
        }
        Ok(sink)
    }

    pub fn finish(mut self, notices: &[String]) -> Result<Tally<W>, ReportError> {
        let mut text = shaping::Shaper::new();
        let pages = blocks::lay_out(&mut text, &self.meta, self.show, notices, &self.blocks);
        let bytes = paint::paint(&mut text, &self.meta, self.show, &pages)?;
        self.out.write_all(&bytes)?;
        Ok(self.out)
    }
}

impl<W: Write> Sink for PdfSink<W> {
    fn figures(&mut self, title: &Label, figures: &[Figure]) -> Result<(), ReportError> {
        self.blocks.push(Block::Figures(title.clone(), figures.to_vec()));
        Ok(())
    }

    fn chart(&mut self, chart: &Chart) -> Result<(), ReportError> {
        self.blocks.push(Block::Chart(chart.clone()));
        Ok(())
    }

    fn text(&mut self, text: &Label) -> Result<(), ReportError> {
        self.coverage.see(text.get(self.show.locale));
        self.blocks.push(Block::Text(text.clone()));
        Ok(())
    }

    fn begin_table(&mut self, table: &Table) -> Result<(), ReportError> {
        for column in &table.columns {
            self.coverage.see(column.label.get(self.show.locale));
        }
        Ok(())
    }

    fn row(&mut self, columns: &[Column], cells: &[Cell<'_>]) -> Result<(), ReportError> {
        let row = columns.iter().zip(cells).map(|(column, cell)| {
            let mut text = self.show.cell(cell, column.kind);
            if let Some((end, _)) = text.char_indices().nth(MOST_CHARACTERS) {
                text.truncate(end);
                text.push('…');
                self.shortened += 1;
            }
            self.coverage.see(&text);
            self.characters += text.chars().count();
            text
        });
        let row = row.collect();
        self.rows.push(row);
        Ok(())
    }

    fn end_table(&mut self, table: &Table) -> Result<(), ReportError> {
        self.blocks.push(Block::Table(table.clone(), std::mem::take(&mut self.rows)));
        Ok(())
    }

    fn is_full(&self) -> bool {
        self.characters >= MOST_IN_ALL
    }

    fn losses(&mut self) -> Result<Losses, ReportError> {
        Ok(Losses {
            shortened: self.shortened,
            most: MOST_CHARACTERS,
            without_glyph: self.coverage.missing(),
            ..Losses::default()
        })
    }
}
