//! Lists: newest first, with opaque cursors in both directions.
//!
//! Ids are UUIDv7, so their order is the order of their making, and a cursor is the id at one end of a page.

use crate::problem::{Code, Problem};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use poem_openapi::Object;
use url::form_urlencoded;
use uuid::Uuid;

/// The longest page.
pub const LONGEST: u32 = 100;

/// The length of a page unless it is asked otherwise.
#[must_use]
pub fn usual() -> u32 {
    20
}

/// Where a page starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cursor {
    /// After that id: older rows.
    After(Uuid),
    /// Before that id: newer rows.
    Before(Uuid),
}

impl Cursor {
    /// Reads the query parameter.
    ///
    /// # Errors
    /// When it is none of ours.
    pub fn read(text: Option<&str>) -> Result<Option<Self>, Problem> {
        let Some(text) = text else { return Ok(None) };
        let bytes = URL_SAFE_NO_PAD.decode(text).unwrap_or_default();
        let cursor = match bytes.split_first() {
            Some((b'a', id)) => Uuid::from_slice(id).ok().map(Self::After),
            Some((b'b', id)) => Uuid::from_slice(id).ok().map(Self::Before),
            _ => None,
        };
        let wrong = || {
            Problem::new(Code::Invalid, "The cursor is none.").at("/query/cursor", "take it from the links of a page")
        };
        cursor.map(Some).ok_or_else(wrong)
    }

    fn text(self) -> String {
        let (side, id) = match self {
            Self::After(id) => (b'a', id),
            Self::Before(id) => (b'b', id),
        };
        let mut bytes = vec![side];
        bytes.extend(id.as_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }
}

/// What a list says of itself.
#[derive(Clone, Debug, Object)]
pub struct PageMeta {
    /// The most items on a page.
    per_page: u32,
    /// Items on this page.
    count: u32,
}

/// Where the neighbours of a page are.
#[derive(Clone, Debug, Object)]
#[oai(skip_serializing_if_is_none)]
pub struct PageLinks {
    /// This page.
    #[oai(rename = "self")]
    this: String,
    /// Older items, if there are any.
    next: Option<String>,
    /// Newer items, if there are any.
    prev: Option<String>,
}

/// A page of rows, newest first, and what is around it.
pub struct Page<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// Its length.
    pub meta: PageMeta,
    /// Its neighbours.
    pub links: PageLinks,
}

impl<T> Page<T> {
    /// Makes a page of up to `per_page + 1` rows in the order they were asked for: newest first, or, before a cursor,
    /// oldest first. The one too many tells whether there are more.
    #[must_use]
    pub fn of(
        mut rows: Vec<T>,
        per_page: u32,
        cursor: Option<Cursor>,
        path: &str,
        filters: &[(&str, impl AsRef<str>)],
        id: impl Fn(&T) -> Uuid,
    ) -> Self {
        let longest = usize::try_from(per_page).unwrap_or(usize::MAX);
        let has_more = rows.len() > longest;
        rows.truncate(longest);
        let backwards = matches!(cursor, Some(Cursor::Before(_)));
        if backwards {
            rows.reverse();
        }
        let has_older = if backwards { true } else { has_more };
        let has_newer = if backwards { has_more } else { cursor.is_some() };
        let link = |cursor: Option<Cursor>| link(path, per_page, filters, cursor);
        let links = PageLinks {
            this: link(cursor),
            next: rows.last().filter(|_| has_older).map(|row| link(Some(Cursor::After(id(row))))),
            prev: rows.first().filter(|_| has_newer).map(|row| link(Some(Cursor::Before(id(row))))),
        };
        let count = u32::try_from(rows.len()).unwrap_or(u32::MAX);
        Self { rows, meta: PageMeta { per_page, count }, links }
    }
}

fn link(path: &str, per_page: u32, filters: &[(&str, impl AsRef<str>)], cursor: Option<Cursor>) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("per_page", &per_page.to_string());
    query.extend_pairs(filters.iter().map(|(name, value)| (name, value.as_ref())));
    if let Some(cursor) = cursor {
        query.append_pair("cursor", &cursor.text());
    }
    format!("{path}?{}", query.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(range: std::ops::Range<u128>) -> Vec<Uuid> {
        range.map(Uuid::from_u128).collect()
    }

    fn page(rows: Vec<Uuid>, cursor: Option<Cursor>) -> Page<Uuid> {
        Page::of(rows, 3, cursor, "/things", &[("kind", "a b")], |id| *id)
    }

    #[test]
    fn a_cursor_survives_the_wire_and_garbage_does_not() {
        for cursor in [Cursor::After(Uuid::from_u128(7)), Cursor::Before(Uuid::max())] {
            assert_eq!(Cursor::read(Some(&cursor.text())).unwrap(), Some(cursor));
        }
        assert_eq!(Cursor::read(None).unwrap(), None);
        for bad in ["", "a", "????", "YWJj", &URL_SAFE_NO_PAD.encode([b'a'; 18])] {
            assert_eq!(Cursor::read(Some(bad)).unwrap_err().code(), Code::Invalid, "{bad}");
        }
    }

    #[test]
    fn the_first_page_has_no_newer_one_and_the_last_no_older_one() {
        let first = page(ids(0..4), None);
        assert_eq!((first.rows.len(), first.meta.count), (3, 3));
        assert!(first.links.next.is_some() && first.links.prev.is_none());
        assert_eq!(first.links.this, "/things?per_page=3&kind=a+b");
        let last = page(ids(4..6), Some(Cursor::After(Uuid::from_u128(3))));
        assert!(last.links.next.is_none() && last.links.prev.is_some());
    }

    #[test]
    fn a_page_before_a_cursor_is_turned_round() {
        let page = page(ids(1..4), Some(Cursor::Before(Uuid::from_u128(9))));
        assert_eq!(page.rows, [3, 2, 1].map(Uuid::from_u128));
        assert!(page.links.next.is_some() && page.links.prev.is_none());
    }

    #[test]
    fn an_empty_page_has_no_neighbours() {
        let page = page(Vec::new(), Some(Cursor::After(Uuid::nil())));
        assert!(page.links.next.is_none() && page.links.prev.is_none());
    }
}
