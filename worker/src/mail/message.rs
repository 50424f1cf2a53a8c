//! The bytes of a message. The same rows make the same bytes, so that a second copy can be told as one.

use chrono::{DateTime, Utc};
use gotong_shared::{
    db::models::{Email, EmailRecipient},
    mail::RecipientField,
};
use lettre::{
    Address, Message,
    address::Envelope,
    message::{
        Attachment, Mailbox, MessageBuilder, MultiPart, SinglePart,
        header::{ContentType, HeaderName, HeaderValue},
    },
};
use serde::Deserialize;

/// Why no message can be made of an e-mail.
#[derive(Debug, thiserror::Error)]
#[error("no message can be made of it: {0}")]
pub struct MessageError(String);

/// A file that goes with a message.
pub struct File {
    /// Its name, in any script.
    pub name: String,
    /// What its bytes are.
    pub content_type: String,
    /// All of them.
    pub bytes: Vec<u8>,
}

/// What a message is made of.
pub struct Draft<'a> {
    /// The e-mail.
    pub email: &'a Email,
    /// Those who are named in its headers.
    pub named: Vec<&'a EmailRecipient>,
    /// What goes with it.
    pub files: &'a [File],
    /// For a message to one of many: their place among the recipients.
    pub alone: Option<&'a EmailRecipient>,
}

/// `{address, name}` in the ledger.
#[derive(Deserialize)]
struct Named {
    address: String,
    name: Option<String>,
}

impl Draft<'_> {
    /// The message without a signature.
    ///
    /// # Errors
    /// When a row holds what the API would have refused.
    pub fn build(&self) -> Result<Vec<u8>, MessageError> {
        let email = self.email;
        let date: DateTime<Utc> = email.send_at.unwrap_or(email.created_at).max(email.created_at);
        let sender = mailbox(&email.sender, email.sender_name.as_deref())?;
        // Only for lettre, which wants one; who gets the message is said to the server.
        let envelope = Envelope::new(None, vec![sender.email.clone()]).map_err(refused)?;
        let mut builder = Message::builder()
            .envelope(envelope)
            .from(sender)
            .subject(&email.subject)
            .date(date.into())
            .message_id(Some(self.message_id()));
        let reply_to: Vec<Named> = serde_json::from_value(email.reply_to.clone()).map_err(refused)?;
        for Named { address, name } in &reply_to {
            builder = builder.reply_to(mailbox(address, name.as_deref())?);
        }
        for recipient in &self.named {
            let mailbox = mailbox(&recipient.address, recipient.name.as_deref())?;
            builder = match RecipientField::of(&recipient.field) {
                _ if self.alone.is_some() => builder.to(mailbox),
                Some(RecipientField::To) => builder.to(mailbox),
                Some(RecipientField::Cc) => builder.cc(mailbox),
                Some(RecipientField::Bcc) | None => builder,
            };
        }
        if let Some(url) = self.alone.and_then(|recipient| recipient.unsubscribe_url.as_deref()) {
            // RFC 8058: one click, without a page in between.
            builder = builder
                .raw_header(raw("List-Unsubscribe", format!("<{url}>")))
                .raw_header(raw("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".into()));
        }
        self.with_body(builder).map(|message| message.formatted())
    }

    /// Derived from the job, and for one of many from their place.
    fn message_id(&self) -> String {
        match self.alone {
            None => self.email.message_id.clone(),
            Some(recipient) => {
                let dotted = format!(".{}@", recipient.position);
                self.email.message_id.replacen('@', &dotted, 1)
            }
        }
    }

    fn with_body(&self, builder: MessageBuilder) -> Result<Message, MessageError> {
        let boundary = |part: &str| format!("gotong-{part}-{}", self.email.id.simple());
        let (text, html) = (self.email.text_body.clone(), self.email.html_body.clone());
        let both = |text, html| {
            MultiPart::alternative()
                .boundary(boundary("alternative"))
                .singlepart(SinglePart::plain(text))
                .singlepart(SinglePart::html(html))
        };
        let made = if self.files.is_empty() {
            match (text, html) {
                (Some(text), Some(html)) => builder.multipart(both(text, html)),
                (None, Some(html)) => builder.singlepart(SinglePart::html(html)),
                (text, None) => builder.singlepart(SinglePart::plain(text.unwrap_or_default())),
            }
        } else {
            let mixed = MultiPart::mixed().boundary(boundary("mixed"));
            let mut mixed = match (text, html) {
                (Some(text), Some(html)) => mixed.multipart(both(text, html)),
                (None, Some(html)) => mixed.singlepart(SinglePart::html(html)),
                (text, None) => mixed.singlepart(SinglePart::plain(text.unwrap_or_default())),
            };
            for file in self.files {
                let content_type = ContentType::parse(&file.content_type).map_err(refused)?;
                mixed = mixed.singlepart(Attachment::new(file.name.clone()).body(file.bytes.clone(), content_type));
            }
            builder.multipart(mixed)
        };
        made.map_err(refused)
    }
}

/// A header whose value is ASCII and must not be folded or encoded.
fn raw(name: &'static str, value: String) -> HeaderValue {
    HeaderValue::dangerous_new_pre_encoded(HeaderName::new_from_ascii_str(name), value.clone(), value)
}

/// An address as the envelope takes it.
///
/// # Errors
/// When it is none.
pub fn address(text: &str) -> Result<Address, MessageError> {
    text.parse().map_err(refused)
}

fn mailbox(text: &str, name: Option<&str>) -> Result<Mailbox, MessageError> {
    Ok(Mailbox::new(name.map(str::to_owned), address(text)?))
}

fn refused(error: impl std::fmt::Display) -> MessageError {
    MessageError(error.to_string())
}
