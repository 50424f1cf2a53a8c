//! The page: well-formed, escaped, and on its own.

use gotong_report::{Format, Locale};

use crate::sample;

fn pages() -> Vec<String> {
    let orders = |locale| sample::write_orders(Format::Html, sample::orders_meta(locale), Vec::new()).unwrap().1;
    let week = |locale| sample::write_week(Format::Html, locale, Vec::new()).unwrap().1;
    let pages = Locale::ALL.into_iter().flat_map(|locale| [orders(locale), week(locale)]);
    pages.map(|bytes| String::from_utf8(bytes).unwrap()).collect()
}

/// The tags of a page in their order, as `name`, `/name` or `name/`, with all of their text.
fn tags(page: &str) -> Vec<&str> {
    let (_, body) = page.split_once("<style>").unwrap();
    let (_, body) = body.split_once("</style>").unwrap();
    body.split('<').skip(1).map(|part| part.split_once('>').expect("a tag ends").0).collect()
}

#[test]
fn every_element_that_opens_closes() {
    for page in pages() {
        assert!(page.starts_with("<!DOCTYPE html>\n<html lang=\""));
        let mut open = vec!["head", "html"];
        open.reverse();
        for tag in tags(&page) {
            let name = tag.split_whitespace().next().unwrap();
            if let Some(name) = name.strip_prefix('/') {
                assert_eq!(open.pop(), Some(name));
            } else if !tag.ends_with('/') {
                open.push(name);
            }
        }
        assert_eq!(open, Vec::<&str>::new());
    }
}

#[test]
fn nothing_runs_and_nothing_is_loaded() {
    for page in pages() {
        for tag in tags(&page) {
            let name = tag.split_whitespace().next().unwrap();
            assert!(!["script", "link", "img", "iframe", "object", "embed", "base", "form"].contains(&name), "{tag}");
            for attribute in [" src=", " href=", " on", " style=", "xlink"] {
                assert!(!tag.contains(attribute), "{tag}");
            }
        }
        let head = page.split_once("</head>").unwrap().0;
        assert!(!head.contains("url(") && !head.contains("@import") && !head.contains("http://"));
        assert!(head.contains("default-src 'none'"));
    }
}

#[test]
fn data_are_text_and_nothing_else() {
    let page = &pages()[0];
    assert!(page.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"));
    assert!(page.contains("<td dir=\"auto\">شركة النخيل للتجارة (فرع ٢)</td>"));
    assert!(page.contains(">48,211,500.50<") && pages()[2].contains(">48.211.500,50<"));
}
