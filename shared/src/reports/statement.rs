//! A workspace's SQL: one query, whose `:name` parameters become expressions over one bound value.
//!
//! This reads as much of PostgreSQL's lexical structure (its manual, 4.1) as it takes to tell code from texts, names and
//! comments. It is there for clear words early; what keeps a query from doing harm is the role it runs as.

use super::parameters::{GIVEN, Parameter, expression};

/// The longest query, in bytes.
pub const LONGEST: usize = 50_000;

/// What a query may begin with.
const BEGINNINGS: [&str; 4] = ["select", "with", "values", "table"];

/// Why a text is no query for a report.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// There is nothing.
    #[error("holds no query")]
    Empty,
    /// It is too long.
    #[error("is longer than {LONGEST} bytes")]
    TooLong,
    /// It does not begin as a query does.
    #[error("begins with {0:?}; a report reads, so its query begins with SELECT, WITH, VALUES or TABLE")]
    NoQuery(String),
    /// Something follows the first statement.
    #[error("holds more than one statement (at character {0}); a definition is one query")]
    TwoStatements(usize),
    /// A text, name or comment does not end.
    #[error("{what} that begins at character {at} does not end")]
    Open {
        /// What it is.
        what: &'static str,
        /// Where it begins, from 1.
        at: usize,
    },
    /// A parameter that nobody declared.
    #[error("names the parameter :{0}, which is not declared")]
    Unknown(String),
    /// A parameter without a name.
    #[error("names a parameter by its number (at character {0}); parameters are named, as in :name")]
    Numbered(usize),
}

/// The query with its parameters put in as expressions over `$1`, without what follows its end.
///
/// # Errors
/// Why it is none.
pub fn prepare(sql: &str, parameters: &[Parameter]) -> Result<String, StatementError> {
    if sql.len() > LONGEST {
        return Err(StatementError::TooLong);
    }
    let mut lexer = Lexer { rest: sql, whole: sql };
    let mut query = String::with_capacity(sql.len() + 64);
    let mut first = None;
    let mut end = None;
    while let Some(token) = lexer.next()? {
        let at = lexer.place(token.text());
        match token {
            Token::Blank(text) => query.push_str(text),
            Token::End(_) => end = end.or(Some(query.len())),
            _ if end.is_some() => return Err(StatementError::TwoStatements(at)),
            Token::Parameter(text) => query.push_str(&expression_of(&text[1..], parameters)?),
            Token::Number(_) => return Err(StatementError::Numbered(at)),
            Token::Other(text) | Token::Word(text) => {
                if first.is_none() && text != "(" {
                    first = Some(text);
                }
                query.push_str(text);
            }
        }
    }
    query.truncate(end.unwrap_or(query.len()));
    let first = first.ok_or(StatementError::Empty)?;
    if !BEGINNINGS.iter().any(|word| word.eq_ignore_ascii_case(first)) {
        return Err(StatementError::NoQuery(first.chars().take(30).collect()));
    }
    Ok(query)
}

fn expression_of(name: &str, parameters: &[Parameter]) -> Result<String, StatementError> {
    if let Some((name, kind)) = GIVEN.iter().find(|(given, _)| *given == name) {
        return Ok(expression(name, *kind));
    }
    let declared = parameters.iter().find(|each| each.name == name);
    declared.map(Parameter::expression).ok_or_else(|| StatementError::Unknown(name.to_owned()))
}

enum Token<'a> {
    /// Spaces and comments.
    Blank(&'a str),
    /// `;`
    End(&'a str),
    /// `:name`
    Parameter(&'a str),
    /// `$1`
    Number(&'a str),
    /// A keyword or a name without quotes.
    Word(&'a str),
    /// Anything else: a sign, a number, a text, a quoted name.
    Other(&'a str),
}

impl<'a> Token<'a> {
    fn text(&self) -> &'a str {
        match self {
            Self::Blank(text)
            | Self::End(text)
            | Self::Parameter(text)
            | Self::Number(text)
            | Self::Word(text)
            | Self::Other(text) => text,
        }
    }
}

struct Lexer<'a> {
    rest: &'a str,
    whole: &'a str,
}

fn is_letter(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || !c.is_ascii()
}

fn word(text: &str) -> usize {
    text.find(|c: char| !(is_letter(c) || c.is_ascii_digit() || c == '$')).unwrap_or(text.len())
}

impl<'a> Lexer<'a> {
    /// The number of the character at which a part of the text begins.
    fn place(&self, part: &str) -> usize {
        let before = self.whole.len() - self.rest.len() - part.len();
        self.whole[..before].chars().count() + 1
    }

    fn next(&mut self) -> Result<Option<Token<'a>>, StatementError> {
        let Some(c) = self.rest.chars().next() else { return Ok(None) };
        let text = self.rest;
        let after = &text[c.len_utf8()..];
        let token = match c {
            ';' => Token::End(self.take(1)),
            '\'' => Token::Other(self.quoted('\'', false)?),
            '"' => Token::Other(self.quoted('"', false)?),
            '-' if after.starts_with('-') => Token::Blank(self.take(text.find('\n').unwrap_or(text.len()))),
            '/' if after.starts_with('*') => Token::Blank(self.comment()?),
            '$' if after.starts_with(|c: char| c.is_ascii_digit()) => Token::Number(self.take(2)),
            '$' => Token::Other(self.dollar_quoted()?),
            ':' if after.starts_with([':', '=']) => Token::Other(self.take(2)),
            ':' if after.starts_with(is_letter) => Token::Parameter(self.take(1 + word(after))),
            'e' | 'E' if after.starts_with('\'') => Token::Other(self.quoted('\'', true)?),
            c if c.is_whitespace() => Token::Blank(self.take(c.len_utf8())),
            c if is_letter(c) => Token::Word(self.take(word(text))),
            c if c.is_ascii_digit() => Token::Other(self.take(word(text))),
            c => Token::Other(self.take(c.len_utf8())),
        };
        Ok(Some(token))
    }

    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        taken
    }

    fn open(&self, what: &'static str) -> StatementError {
        StatementError::Open { what, at: self.place("") }
    }

    /// A text or a quoted name. The quote doubled is the quote itself; after `E`, so is what follows a backslash.
    fn quoted(&mut self, quote: char, escapes: bool) -> Result<&'a str, StatementError> {
        let mut letters = self.rest.char_indices().skip(if escapes { 2 } else { 1 }).peekable();
        while let Some((place, letter)) = letters.next() {
            if escapes && letter == '\\' {
                letters.next();
            } else if letter == quote && letters.next_if(|(_, next)| *next == quote).is_none() {
                return Ok(self.take(place + 1));
            }
        }
        Err(self.open(if quote == '"' { "the name" } else { "the text" }))
    }

    /// Comments nest.
    fn comment(&mut self) -> Result<&'a str, StatementError> {
        let (mut depth, mut place) = (0_usize, 0);
        let bytes = self.rest.as_bytes();
        while place + 1 < bytes.len() {
            match &bytes[place..place + 2] {
                b"/*" => depth += 1,
                b"*/" => depth -= 1,
                _ => {
                    place += 1;
                    continue;
                }
            }
            place += 2;
            if depth == 0 {
                return Ok(self.take(place));
            }
        }
        Err(self.open("the comment"))
    }

    /// `$$…$$` or `$tag$…$tag$`; a lone sign is left to PostgreSQL.
    fn dollar_quoted(&mut self) -> Result<&'a str, StatementError> {
        let tag =
            self.rest[1..].find(|c: char| !(is_letter(c) || c.is_ascii_digit())).map(|length| &self.rest[..length + 2]);
        let Some(tag) = tag.filter(|tag| tag.ends_with('$')) else { return Ok(self.take(1)) };
        match self.rest[tag.len()..].find(tag) {
            Some(length) => Ok(self.take(length + 2 * tag.len())),
            None => Err(self.open("the text")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::parameters::ParameterKind;
    use super::*;

    fn prepared(sql: &str) -> Result<String, StatementError> {
        let kind = |name: &str, kind| Parameter { name: name.into(), kind, required: true, default: None, about: None };
        prepare(sql, &[kind("kind", ParameterKind::Text), kind("n", ParameterKind::Integer)])
    }

    #[test]
    fn parameters_are_put_in_where_they_are_parameters() {
        let n = "($1::jsonb ->> 'n')::bigint";
        for (sql, expected) in [
            ("select :n", format!("select {n}")),
            ("select :n::text, 'a:n', \":n\" -- :n\n", format!("select {n}::text, 'a:n', \":n\" -- :n\n")),
            ("select '' ':n', E'\\':n', e'\\\\', :n", format!("select '' ':n', E'\\':n', e'\\\\', {n}")),
            ("select $$:n$$, $a$ $$ :n $a$, :n", format!("select $$:n$$, $a$ $$ :n $a$, {n}")),
            ("/* :n /* ; */ ; */ select :n", format!("/* :n /* ; */ ; */ select {n}")),
            ("((select :n)) ; -- ;\n ;", format!("((select {n})) ")),
            ("select type'x', a[1:2] from t", "select type'x', a[1:2] from t".into()),
            ("SELECT :from", "SELECT ($1::jsonb ->> 'from')::timestamptz".into()),
            (
                "with caf\u{e9} as (select :n) table caf\u{e9}",
                format!("with caf\u{e9} as (select {n}) table caf\u{e9}"),
            ),
        ] {
            assert_eq!(prepared(sql).as_deref(), Ok(expected.as_str()), "{sql}");
        }
    }

    #[test]
    fn what_is_no_single_query_is_refused() {
        use StatementError::{Empty, NoQuery, Numbered, Open, TwoStatements, Unknown};
        for (sql, expected) in [
            ("", Empty),
            (" -- select\n", Empty),
            (";", Empty),
            ("delete from jobs", NoQuery("delete".into())),
            ("(update jobs set id = 1)", NoQuery("update".into())),
            ("explain analyze select 1", NoQuery("explain".into())),
            ("set role gotong", NoQuery("set".into())),
            ("select 1; drop table jobs", TwoStatements(11)),
            ("select 1) as x; select * from (select 2", TwoStatements(17)),
            ("select 1;;/**/select 2", TwoStatements(15)),
            ("select $1", Numbered(8)),
            ("select :m", Unknown("m".into())),
            ("select 'abc", Open { what: "the text", at: 8 }),
            ("select $a$ $b$", Open { what: "the text", at: 8 }),
            ("select \"abc", Open { what: "the name", at: 8 }),
            ("select 1 /* /* */", Open { what: "the comment", at: 10 }),
        ] {
            assert_eq!(prepared(sql), Err(expected), "{sql}");
        }
        assert_eq!(prepared(&format!("select {}", "1".repeat(LONGEST))), Err(StatementError::TooLong));
    }
}
