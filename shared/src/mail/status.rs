//! Enhanced status codes (RFC 3463).

/// Three numbers, such as 5.1.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnhancedStatus {
    /// 2, 4 or 5.
    pub class: u16,
    /// What it is about.
    pub subject: u16,
    /// What exactly.
    pub detail: u16,
}

impl EnhancedStatus {
    /// The code that a text begins with, if it begins with one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let word = text.split_whitespace().next()?;
        let mut parts = word.split('.').map(|part| part.parse::<u16>().ok());
        let (class, subject, detail) = (parts.next()??, parts.next()??, parts.next()??);
        (parts.next().is_none() && matches!(class, 2 | 4 | 5)).then_some(Self { class, subject, detail })
    }

    /// Whether it says that the address will never do: 5.1 is the address (but 5.1.7 and 5.1.8 the sender's), 5.2.1 a
    /// mailbox that takes no mail. A full mailbox, the system, the content and policies are not about the address.
    #[must_use]
    pub fn is_about_the_address(self) -> bool {
        match (self.subject, self.detail) {
            (1, detail) => !matches!(detail, 7 | 8),
            (0, _) | (2, 0 | 1) => true,
            _ => false,
        }
    }
}
