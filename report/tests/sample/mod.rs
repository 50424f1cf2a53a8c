//! Fixed data for the tests and for the example.

use std::borrow::Cow;
use std::io::Write;

use chrono::{DateTime, NaiveDate, TimeZone, Utc};
use chrono_tz::Tz;
use gotong_report::weekly::{Backup, Day, Failure, KindWeek, Mail, Totals, Week};
use gotong_report::{
    Axis, Better, Cell, Chart, ChartKind, Column, ColumnType, Figure, Format, Label, Locale, Meta, ReportError, Series,
    Table, Taken, Tone, Writer, Written,
};

/// When the data were read.
pub fn snapshot() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 23, 1, 30, 0).unwrap()
}

fn day(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, day).unwrap()
}

/// Jakarta's midnight at the beginning of a day of November.
fn midnight(day: u32) -> DateTime<Utc> {
    Tz::Asia__Jakarta.with_ymd_and_hms(2026, 11, day, 0, 0, 0).unwrap().to_utc()
}

/// The head of the report of orders.
pub fn orders_meta(locale: Locale) -> Meta {
    Meta {
        subtitle: Some(Label::new("All branches", "Semua cabang")),
        range: Some((midnight(16), midnight(23))),
        source: "definition orders, version 3".to_owned(),
        parameters: vec![(Label::new("Customer", "Pelanggan"), "شركة النخيل & 東京商事 <all>".to_owned())],
        locale,
        time_zone: Tz::Asia__Jakarta,
        ..Meta::new(Label::new("Orders of the week", "Pesanan sepekan"), snapshot())
    }
}

/// A column of every type.
pub fn orders_table() -> Table {
    use ColumnType::{Boolean, Bytes, Date, Decimal, Duration, Integer, Percentage, Text, Timestamp};
    let column = |id: &str, en: &str, indonesian: &str, kind| Column::new(id, Label::new(en, indonesian), kind);
    let columns = vec![
        column("customer", "Customer", "Pelanggan", Text),
        column("orders", "Orders", "Pesanan", Integer),
        column("total", "Total", "Jumlah", Decimal { places: Some(2) }),
        column("paid", "Paid", "Lunas", Boolean),
        column("due", "Due", "Jatuh tempo", Date),
        column("ordered_at", "Ordered at", "Dipesan pada", Timestamp),
        column("handling_ms", "Handling", "Penanganan", Duration),
        column("attachments", "Attachments", "Lampiran", Bytes),
        column("discount", "Discount", "Diskon", Percentage),
    ];
    Table {
        note: Some(Label::new("Totals are in rupiah.", "Jumlah dalam rupiah.")),
        ..Table::new("orders", Label::new("Orders by customer", "Pesanan per pelanggan"), columns)
    }
}

/// Rows with what is hard to write: other scripts, quotes, formulas, line breaks, nulls, large and negative numbers.
pub fn orders_rows() -> Vec<Vec<Cell<'static>>> {
    let time = |seconds: i64| Cell::Timestamp(snapshot() - chrono::Duration::seconds(seconds));
    let row = |customer: &'static str, number: i64, total: &'static str, paid: bool| {
        vec![
            Cell::from(customer),
            Cell::Integer(number),
            Cell::Decimal(Cow::Borrowed(total)),
            Cell::Boolean(paid),
            Cell::Date(day(u32::try_from(number.rem_euclid(28)).unwrap() + 1)),
            time(number * 3_601),
            Cell::Integer(number * 1_234),
            Cell::Integer(number * 123_456),
            Cell::Float(f64::from(u8::try_from(number.rem_euclid(7)).unwrap()) / 40.0),
        ]
    };
    vec![
        row("Warung Bu Ayu, Yogyakarta", 1_204, "48211500.50", true),
        row("PT \"Maju Bersama\" & Rekan", 87, "1250000", false),
        row("شركة النخيل للتجارة (فرع ٢)", 311, "9900000.25", true),
        row("東京商事株式会社 — 第二営業部", 45, "773100.10", true),
        row("上海进出口有限公司", 12, "512000", false),
        row("서울무역 주식회사", 9, "88000.75", true),
        row("Ελληνικά & Кириллица", 3, "1234567890123.45", false),
        row("=HYPERLINK(\"http://example.com\";\"click\")", 2, "-15000.99", true),
        row("<script>alert('x')</script>\nsecond line", 1, "0.005", false),
        [vec![Cell::from("No figures yet")], vec![Cell::Null; 8]].concat(),
    ]
}

/// Writes the report of orders: figures, charts and two tables where the format holds them, or the one table.
pub fn write_orders<W: Write + Send>(format: Format, meta: Meta, out: W) -> Result<(Written, W), ReportError> {
    let mut writer = Writer::new(format, meta, out)?;
    if format.holds_document() {
        writer.figures(&Label::new("At a glance", "Sekilas"), &figures())?;
        for chart in charts() {
            writer.chart(&chart)?;
        }
        writer.text(&Label::new(
            "Orders that were paid on time get a discount; النخيل pays by the month.",
            "Pesanan yang dibayar tepat waktu mendapat diskon; النخيل membayar per bulan.",
        ))?;
    }
    writer.begin_table(orders_table())?;
    for row in orders_rows() {
        if writer.row(&row)? == Taken::OverLimit {
            break;
        }
    }
    writer.end_table()?;
    if format.holds_document() {
        let columns = vec![Column::new("reason", Label::new("Reason", "Alasan"), ColumnType::Text)];
        writer.begin_table(Table::new("refusals", Label::new("Refusals", "Penolakan"), columns))?;
        writer.end_table()?;
    }
    writer.finish()
}

/// Writes a table that is too wide for an upright page, longer than one, and longer than its limit.
pub fn write_wide<W: Write + Send>(format: Format, locale: Locale, out: W) -> Result<(Written, W), ReportError> {
    let meta = Meta { row_limit: 60, ..Meta::new(Label::new("Parts in stock", "Stok suku cadang"), snapshot()) };
    let mut writer = Writer::new(format, Meta { locale, ..meta }, out)?;
    let column = |at: usize| match at {
        0 => Column::new("part", Label::new("Part", "Suku cadang"), ColumnType::Text),
        1 => Column::new("note", Label::new("Note", "Catatan"), ColumnType::Text),
        _ => Column::new(
            format!("branch_{at}"),
            Label::new(format!("Branch {at}"), format!("Cabang {at}")),
            ColumnType::Integer,
        ),
    };
    writer.begin_table(Table::new(
        "parts",
        Label::new("Parts by branch", "Suku cadang per cabang"),
        (0..14).map(column).collect(),
    ))?;
    let notes =
        ["", "ordered again", "the supplier asks for six weeks, and for payment in advance", "قطعة أصلية", "中古品"];
    for (row, note) in (0_i64..100).zip(notes.into_iter().cycle()) {
        let counts = (2..14).map(|at| Cell::Integer((row + 3) * (at + 7) * 7_919 % 2_000_003));
        let mut cells = vec![Cell::from(format!("P-{:04} bearing", row + 1)), Cell::from(note)];
        cells.extend(counts);
        if writer.row(&cells)? == Taken::OverLimit {
            break;
        }
    }
    writer.end_table()?;
    writer.finish()
}

fn figures() -> Vec<Figure> {
    let figure = |en: &str, indonesian: &str, kind, value: Cell<'static>, before: Option<Cell<'static>>, better| {
        Figure { label: Label::new(en, indonesian), kind, value, before, better }
    };
    vec![
        figure("Orders", "Pesanan", ColumnType::Integer, 1_674_i64.into(), Some(1_488_i64.into()), Better::Higher),
        figure("Paid on time", "Tepat waktu", ColumnType::Percentage, 0.934.into(), Some(0.951.into()), Better::Higher),
        figure("Handling", "Penanganan", ColumnType::Duration, 125_000_i64.into(), None, Better::Lower),
    ]
}

fn charts() -> Vec<Chart> {
    let days = || Axis::Dates((16..=22).map(day).collect());
    let paid = vec![Some(211.0), Some(190.0), Some(240.0), Some(262.0), Some(301.0), Some(120.0), Some(80.0)];
    let open = vec![Some(20.0), Some(35.0), Some(12.0), Some(44.0), Some(60.0), Some(66.0), Some(33.0)];
    let time =
        vec![Some(81_000.0), Some(75_500.0), None, Some(120_000.0), Some(132_000.0), Some(64_000.0), Some(51_000.0)];
    vec![
        Chart {
            title: Label::new("Orders per day", "Pesanan per hari"),
            kind: ChartKind::StackedBar,
            axis: days(),
            value: ColumnType::Integer,
            series: vec![
                Series::new(Label::new("paid", "lunas"), paid).tone(Tone::Good),
                Series::new(Label::new("open", "belum lunas"), open).tone(Tone::Muted),
            ],
        },
        Chart {
            title: Label::new("Handling time", "Waktu penanganan"),
            kind: ChartKind::Line,
            axis: days(),
            value: ColumnType::Duration,
            series: vec![Series::new(Label::new("median", "median"), time)],
        },
    ]
}

/// A week as a platform of some size has it.
pub fn week() -> Week {
    let kind = |name: &str, completed, dead, retried, wait: u64| KindWeek {
        kind: name.to_owned(),
        completed,
        dead,
        cancelled: completed / 900,
        retried,
        wait_p50_ms: Some(wait),
        wait_p95_ms: Some(wait * 9),
        wait_p99_ms: Some(wait * 31),
        run_p95_ms: Some(wait * 14),
    };
    let days = (16..=22).zip([6_120, 7_430, 7_010, 8_240, 9_105, 3_310, 2_790]);
    let failure = |kind: &str, class: &str, message: &str, count| Failure {
        kind: kind.to_owned(),
        class: class.to_owned(),
        message: message.to_owned(),
        fingerprint: format!("{:08x}", count * 2_654_435_761 % 4_294_967_296),
        count,
        last_seen: midnight(22) + chrono::Duration::minutes(i64::try_from(count).unwrap() * 7),
    };
    Week {
        this: Totals {
            completed: 44_005,
            dead: 61,
            cancelled: 48,
            attempts: 45_320,
            retried: 1_206,
            wait_p95_ms: Some(1_840),
            run_p95_ms: Some(2_310),
        },
        before: Totals {
            completed: 41_230,
            dead: 84,
            cancelled: 35,
            attempts: 42_500,
            retried: 1_174,
            wait_p95_ms: Some(1_420),
            run_p95_ms: Some(2_310),
        },
        kinds: vec![
            kind("thumbnail.generate", 18_340, 22, 410, 120),
            kind("search.index", 15_020, 0, 96, 60),
            kind("email.send", 10_441, 35, 688, 210),
            kind("report.generate", 190, 4, 12, 340),
            kind("backup.create", 14, 0, 0, 80),
        ],
        days: days
            .map(|(date, completed)| Day {
                date: day(date),
                completed,
                dead: completed / 700,
                cancelled: completed / 1_000,
                wait_p50_ms: Some(90 + completed / 100),
                wait_p95_ms: Some(400 + completed / 5),
                mails_sent: completed / 4,
            })
            .collect(),
        failures: vec![
            failure("email.send", "SmtpRejected", "550 5.1.1 the mailbox does not exist", 31),
            failure("thumbnail.generate", "UnreadableImage", "not a JPEG: the file begins with 3c 68 74 6d", 19),
            failure("email.send", "SmtpTimeout", "the server did not answer within 30 s", 4),
            failure("report.generate", "StatementTimeout", "the query was cancelled after 5 min", 4),
            failure("thumbnail.generate", "TooManyPixels", "48,000 × 48,000 pixels are more than 100 megapixels", 3),
        ],
        mail: Mail { sent: 10_441, bounced: 35, complained: 2, suppressed: 120, failed: 4 },
        mail_before: Mail { sent: 9_870, bounced: 51, complained: 2, suppressed: 97, failed: 6 },
        backups: vec![
            Backup {
                name: "orders (production)".to_owned(),
                succeeded: 7,
                failed: 0,
                bytes: 18_400_000_000,
                last_success: Some(midnight(22) + chrono::Duration::hours(2)),
                last_restore_check: Some(midnight(20) + chrono::Duration::hours(4)),
            },
            Backup {
                name: "analytics".to_owned(),
                succeeded: 6,
                failed: 1,
                bytes: 3_150_000_000,
                last_success: Some(midnight(22) + chrono::Duration::hours(3)),
                last_restore_check: None,
            },
        ],
    }
}

/// Writes the weekly report.
pub fn write_week<W: Write + Send>(format: Format, locale: Locale, out: W) -> Result<(Written, W), ReportError> {
    let meta = gotong_report::weekly::meta(midnight(16), midnight(23), snapshot(), locale, Tz::Asia__Jakarta);
    let mut writer = Writer::new(format, meta, out)?;
    gotong_report::weekly::write(&mut writer, &week())?;
    writer.finish()
}
