//! A mark as text.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use gotong_shared::search::{DEEPEST, Mark, Source};

/// The longest text of a mark; ids have their bound.
const LONGEST: usize = 600;

/// Writes it.
pub fn write(mark: &Mark) -> String {
    let source = match mark.source {
        Source::Elasticsearch => 'e',
        Source::PostgreSql => 'p',
    };
    URL_SAFE_NO_PAD.encode(format!("{source} {} {} {}", mark.score, mark.position, mark.key))
}

/// Reads it; `None` if it is none of ours.
pub fn read(text: &str) -> Option<Mark> {
    if text.len() > LONGEST {
        return None;
    }
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
    let mut parts = text.splitn(4, ' ');
    let source = match parts.next()? {
        "e" => Source::Elasticsearch,
        "p" => Source::PostgreSql,
        _ => return None,
    };
    let score: f64 = parts.next()?.parse().ok().filter(|score: &f64| score.is_finite())?;
    // A source that stands in for the other begins by the number, which no index counts off for ever.
    let position = parts.next()?.parse::<u32>().ok()?.min(DEEPEST);
    let key = parts.next().filter(|key| !key.contains('\0'))?.to_owned();
    Some(Mark { source, score, key, position })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_survives_the_wire_and_garbage_does_not() {
        let mark = Mark { source: Source::PostgreSql, score: 0.1 + 0.2, key: "project:a".into(), position: 20 };
        assert_eq!(read(&write(&mark)), Some(mark));
        for bad in ["", "????", "eA", &URL_SAFE_NO_PAD.encode("e NaN 1 k"), &URL_SAFE_NO_PAD.encode("x 1 1 k")] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
