//! Writes the sample reports in every format and language: `cargo run -p gotong-report --example gallery [folder]`.

use std::error::Error;
use std::fs::File;
use std::path::PathBuf;

use gotong_report::{Format, Locale, Written, weekly};

#[path = "../tests/sample/mod.rs"]
mod sample;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| "target/reports".to_owned()));
    std::fs::create_dir_all(&folder)?;
    for locale in Locale::ALL {
        for format in Format::ALL {
            let path = folder.join(format!("orders.{locale}.{format}"));
            let (written, _) = sample::write_orders(format, sample::orders_meta(locale), File::create(&path)?)?;
            tell(&path, &written);
        }
        let path = folder.join(format!("wide.{locale}.pdf"));
        tell(&path, &sample::write_wide(Format::Pdf, locale, File::create(&path)?)?.0);
        for format in weekly::FORMATS {
            let path = folder.join(format!("weekly.{locale}.{format}"));
            let (written, _) = sample::write_week(format, locale, File::create(&path)?)?;
            tell(&path, &written);
        }
    }
    Ok(())
}

fn tell(path: &std::path::Path, written: &Written) {
    println!("{}: {} rows, {} bytes", path.display(), written.rows, written.bytes);
    for notice in &written.notices {
        println!("  {notice}");
    }
}
