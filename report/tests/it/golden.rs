//! Fixed data give these files, byte for byte. `UPDATE_GOLDEN=1 cargo test -p gotong-report` writes them anew: look at
//! the difference before it is committed.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use gotong_report::{Format, Locale, weekly};

use crate::{pdf, sample, xlsx};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn expect(name: &str, found: &str) {
    let path = folder().join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::create_dir_all(folder()).unwrap();
        fs::write(&path, found).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert!(expected == found, "{name} is not what it was; its beginning: {}", difference(&expected, found));
}

fn difference(expected: &str, found: &str) -> String {
    let lines = expected.lines().zip(found.lines()).enumerate();
    let other = lines.into_iter().find(|(_, (expected, found))| expected != found);
    other.map_or("a different end".to_owned(), |(at, (expected, found))| {
        format!("line {}: {expected:?}, now {found:?}", at + 1)
    })
}

/// Text files as they are, the others as what an independent reader finds in them.
fn readable(format: Format, bytes: &[u8]) -> (&'static str, String) {
    match format {
        Format::Xlsx => (".txt", xlsx::text(bytes)),
        Format::Pdf => (".txt", pdf::text(bytes)),
        _ => ("", String::from_utf8(bytes.to_vec()).unwrap()),
    }
}

#[test]
fn fixed_data_give_the_files_they_gave() {
    let mut sums = String::new();
    for locale in Locale::ALL {
        for format in Format::ALL {
            let write = || sample::write_orders(format, sample::orders_meta(locale), Vec::new()).unwrap();
            let (written, bytes) = write();
            assert_eq!(write(), (written.clone(), bytes.clone()), "two runs differ: {format}");
            assert_eq!((written.rows, written.bytes), (10, bytes.len() as u64));
            let (suffix, text) = readable(format, &bytes);
            expect(&format!("orders.{locale}.{format}{suffix}"), &text);
            writeln!(sums, "{}  orders.{locale}.{format}", hex::encode(written.sha256)).unwrap();
        }
        for format in weekly::FORMATS {
            let (written, bytes) = sample::write_week(format, locale, Vec::new()).unwrap();
            let (suffix, text) = readable(format, &bytes);
            expect(&format!("weekly.{locale}.{format}{suffix}"), &text);
            writeln!(sums, "{}  weekly.{locale}.{format}", hex::encode(written.sha256)).unwrap();
        }
    }
    expect("SHA256SUMS", &sums);
}
