//! The PDF, read by another library than the one that wrote it.

use std::collections::BTreeSet;

use gotong_report::{Format, Locale};
use pdf_extract::{Dictionary, Document, Object};

use crate::sample;

/// The words of every page.
pub fn text(bytes: &[u8]) -> String {
    let pages = pdf_extract::extract_text_from_mem_by_pages(bytes).unwrap();
    let lines = |page: &String| {
        let lines = page.lines().map(str::trim_end).filter(|line| !line.is_empty());
        lines.collect::<Vec<_>>().join("\n")
    };
    pages.iter().map(lines).collect::<Vec<_>>().join("\n\u{c}\n")
}

fn orders(locale: Locale) -> Vec<u8> {
    sample::write_orders(Format::Pdf, sample::orders_meta(locale), Vec::new()).unwrap().1
}

#[test]
fn every_page_says_which_of_how_many_it_is() {
    for (locale, word, of) in [(Locale::En, "page", "of"), (Locale::Id, "halaman", "dari")] {
        let bytes = orders(locale);
        let pages = Document::load_mem(&bytes).unwrap().get_pages().len();
        let text = text(&bytes);
        assert!(pages >= 2);
        for page in 1..=pages {
            assert!(text.contains(&format!("{word} {page} {of} {pages}")), "{text}");
        }
    }
}

#[test]
fn a_wide_table_lies_and_begins_every_page_with_its_header() {
    let (_, bytes) = sample::write_wide(Format::Pdf, Locale::En, Vec::new()).unwrap();
    let document = Document::load_mem(&bytes).unwrap();
    for page in document.get_pages().values() {
        let page = document.get_dictionary(*page).unwrap();
        let size: Vec<f32> =
            page.get(b"MediaBox").unwrap().as_array().unwrap().iter().map(|side| side.as_float().unwrap()).collect();
        assert!(size[2] > size[3], "{size:?}");
    }
    let pages = pdf_extract::extract_text_from_mem_by_pages(&bytes).unwrap();
    assert!(pages.len() > 1);
    for page in &pages {
        assert_eq!(page.matches("Branch 13").count(), 1, "{page}");
    }
    assert!(pages[0].contains("limit of 60 rows") && pages.last().unwrap().contains("P-0060"));
}

#[test]
fn other_scripts_can_be_read_back() {
    let text = text(&orders(Locale::En));
    for words in ["Warung Bu Ayu", "東京商事株式会社", "上海进出口有限公司", "서울무역", "Ελληνικά", "Кириллица"]
    {
        assert!(text.contains(words), "{words} is not in {text}");
    }
    // An extractor without the bidirectional algorithm gives letters as they stand on the page: from the right.
    let seen: String = "النخيل".chars().rev().collect();
    assert!(text.contains("النخيل") || text.contains(&seen), "{text}");
    assert!(text.contains("48,211,500.50") && text.contains("22 Nov 2026 20:29:48"), "{text}");
}

#[test]
fn every_font_is_embedded() {
    let bytes = orders(Locale::En);
    let document = Document::load_mem(&bytes).unwrap();
    let is_descriptor = |object: &&Object| {
        let kind = object.as_dict().and_then(|dictionary| dictionary.get(b"Type")).and_then(Object::as_name);
        kind.is_ok_and(|kind| kind == b"FontDescriptor")
    };
    let name = |dictionary: &Dictionary| {
        let name = dictionary.get(b"FontName").and_then(Object::as_name).unwrap();
        assert!(
            ["FontFile", "FontFile2", "FontFile3"].iter().any(|key| dictionary.has(key.as_bytes())),
            "{dictionary:?}"
        );
        String::from_utf8_lossy(name).split('+').next_back().unwrap().to_owned()
    };
    let descriptors = document.objects.values().filter(is_descriptor);
    let fonts: BTreeSet<String> = descriptors.map(|object| name(object.as_dict().unwrap())).collect();
    let expected =
        ["DroidSansFallback", "NanumGothicCoding", "NotoSans-Bold", "NotoSans-Regular", "NotoSansArabic-Regular"];
    assert_eq!(fonts.iter().map(String::as_str).collect::<Vec<_>>(), expected);
}

#[test]
fn what_has_no_shape_is_counted() {
    let mut meta = sample::orders_meta(Locale::En);
    meta.parameters[0].1 = "ᚠᚢᚦ".to_owned();
    let (written, bytes) = sample::write_orders(Format::Pdf, meta, Vec::new()).unwrap();
    assert_eq!(written.notices, ["Characters for which the fonts have no shape, shown as boxes: 3."]);
    assert!(text(&bytes).contains(&written.notices[0]));
}
