//! Limits and refusals.

use std::io::{self, Write};

use gotong_report::{
    Axis, Cell, Chart, ChartKind, Column, ColumnType, Format, Label, Locale, Meta, ReportError, Series, Table, Taken,
    Writer, truncation_notice,
};

use crate::{pdf, sample, xlsx};

fn meta() -> Meta {
    Meta::new(Label::same("Numbers"), sample::snapshot())
}

fn table(columns: usize) -> Table {
    let columns = (0..columns).map(|at| Column::new(format!("c{at}"), Label::same("n"), ColumnType::Integer));
    Table::new("numbers", Label::same("Numbers"), columns.collect())
}

#[test]
fn a_report_that_reached_its_limit_says_so_first() {
    for format in Format::ALL {
        let limited = Meta { row_limit: 4, ..sample::orders_meta(Locale::En) };
        let (written, bytes) = sample::write_orders(format, limited, Vec::new()).unwrap();
        let notice = truncation_notice(Locale::En, 4);
        assert_eq!((written.rows, written.truncated, &written.notices), (4, Some(4), &vec![notice.clone()]));
        match format {
            Format::Csv | Format::JsonLines => assert!(!String::from_utf8(bytes).unwrap().contains(&notice)),
            Format::Xlsx => assert!(xlsx::text(&bytes).lines().take(5).any(|line| line.contains(&notice))),
            Format::Html => {
                let page = String::from_utf8(bytes).unwrap();
                assert!(page.find(&notice).unwrap() < page.find("<section>").unwrap());
            }
            Format::Pdf => assert!(pdf::text(&bytes).lines().take(5).any(|line| line.contains(&notice))),
        }
    }
}

#[test]
fn a_limit_that_is_met_exactly_is_no_truncation() {
    let limited = Meta { row_limit: 10, ..sample::orders_meta(Locale::En) };
    let (written, _) = sample::write_orders(Format::Html, limited, Vec::new()).unwrap();
    assert_eq!((written.rows, written.truncated), (10, None));
}

#[test]
fn the_limit_of_the_format_holds_besides() {
    let mut writer = Writer::new(Format::Pdf, meta(), Vec::new()).unwrap();
    writer.begin_table(table(1)).unwrap();
    let most = Format::Pdf.max_rows();
    for number in 0..most {
        assert_eq!(writer.row(&[Cell::Integer(i64::try_from(number).unwrap())]).unwrap(), Taken::Kept);
    }
    assert_eq!(writer.row(&[Cell::Integer(0)]).unwrap(), Taken::OverLimit);
    assert_eq!(writer.rows(), most);
}

#[test]
fn a_pdf_is_full_when_its_cells_are() {
    let mut writer = Writer::new(Format::Pdf, meta(), Vec::new()).unwrap();
    let columns = (0..16).map(|at| Column::new(format!("c{at}"), Label::same("t"), ColumnType::Text));
    writer.begin_table(Table::new("t", Label::same("t"), columns.collect())).unwrap();
    let cells: Vec<Cell<'_>> = (0..16).map(|_| Cell::from("x".repeat(400))).collect();
    let kept = (0..1_000).take_while(|_| writer.row(&cells).unwrap() == Taken::Kept).count();
    assert_eq!(kept, 4_000_000 / (16 * 400));
    assert_eq!(writer.row(&cells).unwrap(), Taken::OverLimit);
}

#[test]
fn what_belongs_nowhere_is_refused_in_words() {
    let refusal = |format: Format, cells: &[Cell<'_>]| {
        let mut writer = Writer::new(format, meta(), Vec::new()).unwrap();
        writer.begin_table(table(1)).unwrap();
        writer.row(cells).unwrap_err().to_string()
    };
    assert_eq!(refusal(Format::Csv, &[]), "row 1 has 0 cells for 1 columns");
    assert_eq!(refusal(Format::Pdf, &["x".into()]), "row 1, column `c0`: a text where a integer belongs");
    let mut writer = Writer::new(Format::Csv, meta(), Vec::new()).unwrap();
    let decimal = Column::new("d", Label::same("d"), ColumnType::Decimal { places: None });
    writer.begin_table(Table::new("t", Label::same("t"), vec![decimal])).unwrap();
    for cell in
        [Cell::Float(f64::NAN), Cell::Decimal("NaN".into()), Cell::Decimal("1e5".into()), Cell::Decimal("1.".into())]
    {
        assert!(matches!(writer.row(&[cell]), Err(ReportError::BadNumber { .. })));
    }
    assert_eq!(writer.row(&[Cell::Decimal("-0.50".into())]).unwrap(), Taken::Kept);
    assert!(matches!(writer.begin_table(table(1)), Err(ReportError::Order(_))));
}

#[test]
fn tables_that_no_format_holds_are_refused() {
    for format in Format::ALL {
        let begin = |table: Table| Writer::new(format, meta(), Vec::new()).unwrap().begin_table(table);
        assert!(matches!(begin(table(0)), Err(ReportError::NoColumns { .. })));
        assert!(matches!(begin(table(format.max_columns() + 1)), Err(ReportError::TooManyColumns { .. })));
        let mut twice = table(2);
        twice.columns[1].id = "c0".to_owned();
        assert!(matches!(begin(twice), Err(ReportError::DuplicateColumn { .. })));
    }
}

#[test]
fn formats_for_programs_hold_one_table() {
    for format in [Format::Csv, Format::JsonLines] {
        let mut writer = Writer::new(format, meta(), Vec::new()).unwrap();
        writer.begin_table(table(1)).unwrap();
        writer.end_table().unwrap();
        assert!(matches!(writer.begin_table(table(1)), Err(ReportError::OneTable(_))));
        let empty = Writer::new(format, meta(), Vec::new()).unwrap();
        assert!(matches!(empty.finish(), Err(ReportError::NoTable(_))));
    }
}

#[test]
fn a_chart_that_cannot_be_drawn_is_refused() {
    let chart = |kind, values: Vec<Option<f64>>| Chart {
        title: Label::same("Chart"),
        kind,
        axis: Axis::Labels(vec![Label::same("a"), Label::same("b")]),
        value: ColumnType::Integer,
        series: vec![Series::new(Label::same("s"), values)],
    };
    let mut writer = Writer::new(Format::Html, meta(), Vec::new()).unwrap();
    for bad in [vec![], vec![None, Some(f64::INFINITY)], vec![Some(1.0), Some(-1.0)]] {
        assert!(matches!(writer.chart(&chart(ChartKind::Bar, bad)), Err(ReportError::BadChart { .. })));
    }
    writer.chart(&chart(ChartKind::Line, vec![None, Some(-1.0)])).unwrap();
}

#[test]
fn long_text_is_cut_and_counted() {
    let long = "x".repeat(40_000);
    for (format, shown) in [(Format::Xlsx, "32,767"), (Format::Pdf, "400")] {
        let mut writer = Writer::new(format, meta(), Vec::new()).unwrap();
        let column = Column::new("t", Label::same("t"), ColumnType::Text);
        writer.begin_table(Table::new("t", Label::same("t"), vec![column])).unwrap();
        assert_eq!(writer.row(&[Cell::from(long.as_str())]).unwrap(), Taken::Kept);
        writer.end_table().unwrap();
        let (written, _) = writer.finish().unwrap();
        assert_eq!(written.notices, [format!("Cells with text longer than {shown} characters, cut there: 1.")]);
    }
}

#[test]
fn every_format_holds_a_row_higher_than_a_page() {
    let mut writer = Writer::new(Format::Pdf, meta(), Vec::new()).unwrap();
    let columns = (0..16).map(|at| Column::new(format!("c{at}"), Label::same("長い見出し"), ColumnType::Text));
    writer.begin_table(Table::new("t", Label::same("t"), columns.collect())).unwrap();
    let cells: Vec<Cell<'_>> = (0..16).map(|_| Cell::from("漢".repeat(400))).collect();
    assert_eq!(writer.row(&cells).unwrap(), Taken::Kept);
    writer.end_table().unwrap();
    let (_, bytes) = writer.finish().unwrap();
    assert!(pdf::text(&bytes).contains("page 2 of"));
}

struct Closed;

impl Write for Closed {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_closed_pipe_ends_every_format() {
    for format in Format::ALL {
        let refusal = sample::write_orders(format, sample::orders_meta(Locale::En), Closed).err().unwrap();
        match refusal {
            ReportError::Io(error) => assert_eq!(error.kind(), io::ErrorKind::BrokenPipe, "{format}"),
            other => panic!("{format}: {other}"),
        }
    }
}
