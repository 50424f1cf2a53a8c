//! Which failures are alike.

use sha2::{Digest, Sha256};

/// How much of a message counts, in bytes: what tells failures apart stands at its beginning.
const COUNTS: usize = 512;

/// 16 hexadecimal digits that failures of one kind share when they have the same class and, but for what differs from
/// case to case, the same message: numbers, ids, quoted text and paths do not count. Stable across releases: jobs and
/// groups are found by it.
#[must_use]
pub fn fingerprint(kind: &str, class: &str, message: &str) -> String {
    let mut hash = Sha256::new();
    for part in [kind, class, &skeleton(message)] {
        hash.update(part);
        hash.update([0]);
    }
    hash.finalize().iter().take(8).fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

/// The message with `#` in place of numbers and ids, `"` of quoted text, `/` of paths and addresses.
fn skeleton(message: &str) -> String {
    let mut rest = &message[..message.floor_char_boundary(COUNTS)];
    let mut skeleton = String::with_capacity(rest.len());
    let mut after_word = false;
    while let Some(first) = rest.chars().next() {
        let (kept, length) = if let Some(length) = quoted(rest, first).filter(|_| !after_word) {
            ("\"".to_owned(), length)
        } else if first.is_whitespace() {
            (" ".to_owned(), rest.len() - rest.trim_start().len())
        } else if let Some(length) = path(rest).filter(|_| !after_word) {
            ("/".to_owned(), length)
        } else if first.is_alphanumeric() {
            let length = rest.find(|c: char| !(c.is_alphanumeric() || c == '-' || c == '_')).unwrap_or(rest.len());
            (word(&rest[..length]), length)
        } else {
            (first.to_string(), first.len_utf8())
        };
        after_word = first.is_alphanumeric();
        skeleton.push_str(&kept);
        rest = &rest[length..];
    }
    skeleton.trim().to_owned()
}

/// The length of the quoted text at the beginning. An apostrophe within a word closes nothing.
fn quoted(text: &str, first: char) -> Option<usize> {
    let closing = match first {
        '"' | '\'' | '`' => first,
        '“' => '”',
        '‘' => '’',
        '«' => '»',
        _ => return None,
    };
    let ends = text.char_indices().skip(1).filter(|(_, c)| *c == closing).map(|(at, c)| at + c.len_utf8());
    ends.into_iter().find(|end| !text[*end..].starts_with(char::is_alphanumeric))
}

/// The length of the path or address at the beginning: up to white space or a closing mark, with a slash in it.
fn path(text: &str) -> Option<usize> {
    let is_end = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | ')' | ']' | '}' | ',' | ';' | '<' | '>');
    let whole = &text[..text.find(is_end).unwrap_or(text.len())];
    let whole = whole.trim_end_matches(['.', ':']);
    let slashes = whole.matches(['/', '\\']).count();
    (slashes > 1 || (slashes == 1 && whole.starts_with(['/', '\\', '.', '~']) && whole.len() > 1))
        .then_some(whole.len())
}

/// A word, without what counts or identifies.
fn word(word: &str) -> String {
    let digits: Vec<char> = word.chars().filter(|c| *c != '-').collect();
    let is_hex = digits.len() >= 8 && digits.iter().all(char::is_ascii_hexdigit);
    if is_hex && digits.iter().any(char::is_ascii_digit) {
        return "#".to_owned();
    }
    word.chars().fold(String::new(), |mut kept, c| {
        if !c.is_numeric() {
            kept.push(c);
        } else if !kept.ends_with('#') {
            kept.push('#');
        }
        kept
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_differs_from_case_to_case_does_not_count() {
        for (one, other) in [
            ("timed out after 30 s", "timed out after 1500 s"),
            ("no job 019d3a7e-1b2c-7000-8000-00000000abcd here", "no job 019e0000-aaaa-7fff-bfff-123456789abc here"),
            ("object deadbeef01 is gone", "object 00c0ffee99 is gone"),
            ("cannot open /var/tmp/a.jpg: denied", "cannot open /home/x/y/z.png: denied"),
            ("GET https://a.example/x?y=1 failed", "GET http://b.example:8080/z failed"),
            ("no column \"price\" there", "no column \"it's\" there"),
            ("it's no user 'mary'", "it's no user 'o’neil, jr'"),
            ("line 3,\n  column 9", "line 77, column 12"),
            ("host mail-2 is down", "host mail-17 is down"),
        ] {
            assert_eq!(skeleton(one), skeleton(other));
        }
    }

    #[test]
    fn what_says_what_went_wrong_counts() {
        let of = |message| fingerprint("email.send", "refused", message);
        assert_ne!(of("mailbox full"), of("no such mailbox"));
        assert_ne!(of("read/write failed"), of("connect failed"));
        assert_ne!(of("x"), fingerprint("email.send", "timeout", "x"));
        assert_ne!(of("x"), fingerprint("backup.create", "refused", "x"));
        assert_eq!(
            skeleton("the image defaced 'a' can't be read/written"),
            "the image defaced \" can't be read/written"
        );
    }

    #[test]
    fn a_fingerprint_never_changes() {
        assert_eq!(fingerprint("email.send", "timeout", "no answer in 30 s"), "1b4340f2d3f44ec7");
    }

    proptest! {
        #[test]
        fn every_message_has_one(message in ".{0,700}") {
            let one = fingerprint("k", "c", &message);
            prop_assert!(one.len() == 16 && one.bytes().all(|b| b.is_ascii_hexdigit()));
            prop_assert!(skeleton(&message).len() <= COUNTS);
        }
    }
}
