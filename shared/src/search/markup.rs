//! Passages with what fits in `<em>`, safe to stand in a page.

/// What the sources put before and after what fits: characters that no text needs.
pub(super) const OPEN: char = '\u{1}';
pub(super) const CLOSE: char = '\u{2}';

/// The passage as HTML.
pub(super) fn html(passage: &str) -> String {
    let mut html = String::with_capacity(passage.len() + 16);
    for character in passage.chars() {
        match character {
            OPEN => html.push_str("<em>"),
            CLOSE => html.push_str("</em>"),
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            other => html.push(other),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_wrote_cannot_become_markup() {
        let passage = format!("<script>{OPEN}kopi{CLOSE} & \"teh\"");
        assert_eq!(html(&passage), "&lt;script&gt;<em>kopi</em> &amp; &quot;teh&quot;");
    }
}
