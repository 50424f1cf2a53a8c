//! Reads reports about what became of a message (RFC 3462, RFC 3464), as mail servers send them to its return path.
//!
//! A report comes from outside: nothing in it is believed beyond what it says of our own messages.

/// The longest report that is read, in bytes.
pub const LONGEST: usize = 512 * 1024;
/// The most parts, and the most recipients, that are looked at.
const MOST: usize = 100;

/// A report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The Message-ID of the message that it is about, with its angle brackets.
    pub message_id: Option<String>,
    /// What became of each recipient.
    pub recipients: Vec<Reported>,
}

/// What became of one recipient.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reported {
    /// To whom the message was sent, in lower case.
    pub address: String,
    /// `failed`, `delayed`, `delivered`, `relayed` or `expanded`.
    pub action: String,
    /// Such as 5.1.1.
    pub status: String,
    /// What a server said.
    pub diagnostic: Option<String>,
}

/// Why a text is no report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReportError {
    /// It is no message of type `multipart/report`.
    #[error("is no message of the type multipart/report; report-type=delivery-status")]
    Type,
    /// It has no part that tells about recipients.
    #[error("has no part message/delivery-status that names a recipient")]
    Empty,
}

/// Reads a report.
///
/// # Errors
/// See [`ReportError`].
pub fn parse(message: &str) -> Result<Report, ReportError> {
    let message = message.replace("\r\n", "\n");
    let (head, body) = message.split_once("\n\n").ok_or(ReportError::Type)?;
    let kind = field(head, "content-type").ok_or(ReportError::Type)?;
    if !is_type(&kind, "multipart/report") || parameter(&kind, "report-type").as_deref() != Some("delivery-status") {
        return Err(ReportError::Type);
    }
    let boundary = parameter_as_written(&kind, "boundary").ok_or(ReportError::Type)?;
    let mut report = Report::default();
    for part in parts(body, &boundary).take(MOST) {
        // A part may begin with its body at once.
        let (head, body) = match part.strip_prefix('\n') {
            Some(body) => ("", body),
            None => part.split_once("\n\n").unwrap_or((part, "")),
        };
        let kind = field(head, "content-type").unwrap_or_default();
        if is_type(&kind, "message/delivery-status") {
            report.recipients.extend(recipients(body));
        } else if ["message/rfc822", "text/rfc822-headers", "message/rfc822-headers", "message/global-headers"]
            .iter()
            .any(|name| is_type(&kind, name))
        {
            let original = body.trim_start_matches('\n');
            let head = original.split_once("\n\n").map_or(original, |(head, _)| head);
            report.message_id = field(head, "message-id").or(report.message_id);
        }
    }
    report.recipients.truncate(MOST);
    if report.recipients.is_empty() { Err(ReportError::Empty) } else { Ok(report) }
}

/// What stands between the boundary lines.
fn parts<'a>(body: &'a str, boundary: &str) -> impl Iterator<Item = &'a str> {
    let mark = format!("--{boundary}");
    let mut starts: Vec<(usize, usize)> = Vec::new();
    let mut at = 0;
    for line in body.split_inclusive('\n') {
        if line.trim_end() == mark || line.trim_end() == format!("{mark}--") {
            starts.push((at, at + line.len()));
        }
        at += line.len();
    }
    let ends: Vec<usize> = starts.iter().skip(1).map(|(start, _)| *start).chain([body.len()]).collect();
    starts.into_iter().zip(ends).map(|((_, from), to)| body[from.min(to)..to].trim_end_matches('\n'))
}

/// The groups of fields that name a recipient (RFC 3464, 2.3).
fn recipients(body: &str) -> Vec<Reported> {
    let groups = body.split("\n\n").filter_map(|group| {
        let group = group.trim_start_matches('\n');
        let address = field(group, "original-recipient").or_else(|| field(group, "final-recipient"))?;
        // What stands in front of the semicolon is the kind of the address.
        let address = address.split_once(';').map_or(address.as_str(), |(_, address)| address);
        let address = address.trim().trim_start_matches('<').trim_end_matches('>');
        let diagnostic = field(group, "diagnostic-code");
        Some(Reported {
            address: address.to_ascii_lowercase(),
            action: field(group, "action")?.to_ascii_lowercase(),
            status: field(group, "status")?.split_whitespace().next()?.to_owned(),
            diagnostic: diagnostic
                .map(|text| text.split_once(';').map_or(text.clone(), |(_, text)| text.trim().into())),
        })
    });
    groups.take(MOST).collect()
}

/// The value of a field, on one line.
fn field(head: &str, name: &str) -> Option<String> {
    let mut value: Option<String> = None;
    for line in head.lines() {
        if line.starts_with([' ', '\t']) {
            if let Some(value) = &mut value {
                value.push(' ');
                value.push_str(line.trim());
            }
            continue;
        }
        if value.is_some() {
            break;
        }
        value = line
            .split_once(':')
            .filter(|(known, _)| known.trim_end().eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim().to_owned());
    }
    value.filter(|value| !value.is_empty())
}

fn is_type(kind: &str, name: &str) -> bool {
    kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case(name))
}

fn parameter(kind: &str, name: &str) -> Option<String> {
    parameter_as_written(kind, name).map(|value| value.to_ascii_lowercase())
}

fn parameter_as_written(kind: &str, name: &str) -> Option<String> {
    kind.split(';').skip(1).find_map(|part| {
        let (known, value) = part.split_once('=')?;
        let value = value.trim().trim_matches('"');
        (known.trim().eq_ignore_ascii_case(name) && !value.is_empty()).then(|| value.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// As Postfix writes it.
    const REPORT: &str = "\
From: MAILER-DAEMON@mx.example (Mail Delivery System)\r
To: bounces@sekolah.example\r
Subject: Undelivered Mail Returned to Sender\r
MIME-Version: 1.0\r
Content-Type: multipart/report; report-type=delivery-status;\r
\tboundary=\"4F2C.1700/mx.example\"\r
\r
This is a MIME-encapsulated message.\r
\r
--4F2C.1700/mx.example\r
Content-Description: Notification\r
Content-Type: text/plain; charset=us-ascii\r
\r
I'm sorry.\r
\r
--4F2C.1700/mx.example\r
Content-Description: Delivery report\r
Content-Type: message/delivery-status\r
\r
Reporting-MTA: dns; mx.example\r
Arrival-Date: Sat, 21 Nov 2026 10:00:00 +0700\r
\r
Final-Recipient: rfc822; Siti@Example.org\r
Original-Recipient: rfc822;siti@example.org\r
Action: failed\r
Status: 5.1.1\r
Diagnostic-Code: smtp; 550 5.1.1 <siti@example.org>: Recipient address\r
    rejected: User unknown\r
\r
Final-Recipient: rfc822; budi@example.org\r
Action: delayed\r
Status: 4.4.1\r
\r
--4F2C.1700/mx.example\r
Content-Type: text/rfc822-headers\r
\r
Subject: Halo\r
Message-ID: <0193.1@sekolah.example>\r
\r
--4F2C.1700/mx.example--\r
";

    #[test]
    fn a_report_of_postfix_is_read() {
        let report = parse(REPORT).unwrap();
        assert_eq!(report.message_id.as_deref(), Some("<0193.1@sekolah.example>"));
        let [siti, budi] = &report.recipients[..] else { panic!("{report:?}") };
        assert_eq!(
            (siti.address.as_str(), siti.action.as_str(), siti.status.as_str()),
            ("siti@example.org", "failed", "5.1.1")
        );
        let said = "550 5.1.1 <siti@example.org>: Recipient address rejected: User unknown";
        assert_eq!(siti.diagnostic.as_deref(), Some(said));
        assert_eq!(
            (budi.address.as_str(), budi.action.as_str(), budi.diagnostic.as_deref()),
            ("budi@example.org", "delayed", None)
        );
    }

    #[test]
    fn what_is_no_report_is_refused() {
        assert_eq!(parse(""), Err(ReportError::Type));
        assert_eq!(parse("Subject: Halo\r\n\r\nApa kabar?"), Err(ReportError::Type));
        assert_eq!(parse(&REPORT.replace("delivery-status;", "disposition-notification;")), Err(ReportError::Type));
        assert_eq!(parse(&REPORT.replace("message/delivery-status", "text/plain")), Err(ReportError::Empty));
        assert_eq!(parse(&REPORT.replace("Status:", "Stature:")), Err(ReportError::Empty));
    }

    proptest! {
        #[test]
        fn nothing_from_outside_breaks_it(text in "(\\PC|\n|--b|Content-Type: ){0,200}") {
            _ = parse(&text);
            _ = parse(&format!("Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n{text}"));
            let inner = "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\
                Content-Type: message/delivery-status\n\n";
            _ = parse(&format!("{inner}{text}"));
        }
    }
}
