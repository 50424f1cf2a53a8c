//! One transaction with the mail server (RFC 5321, 3.3): sender, recipients, then the message.
//!
//! lettre's transport gives up at the first recipient that is refused; here each has an answer of their own.

use super::reply::{Class, Reply};
use lettre::{
    Address,
    transport::smtp::{
        Error,
        client::AsyncSmtpConnection,
        commands::{Data, Mail, Rcpt},
        response::Response,
    },
};
use std::time::Duration;
use tokio::time::timeout;

/// How long a server may think about a command (RFC 5321, 4.5.3.2 asks for five minutes).
const COMMAND: Duration = Duration::from_mins(5);
/// How long it may think about a message (RFC 5321, 4.5.3.2.6).
const MESSAGE: Duration = Duration::from_mins(10);
/// The service ends the connection.
pub const CLOSING: u16 = 421;

/// The message may begin.
const GO_AHEAD: u16 = 354;

/// Why a message could not be offered to anybody. Nothing was handed over.
#[derive(Debug)]
pub enum OfferError {
    /// The server refused the sender, and with them everybody.
    Sender(Reply),
    /// The connection broke.
    Broken(String),
}

/// What became of a message that was handed over.
#[derive(Debug)]
pub enum HandOver {
    /// The server accepted or refused it.
    Answered(Reply),
    /// The connection broke before the message began.
    NotBegun(String),
    /// The connection broke after it, or no answer came: nobody can know.
    Unanswered(String),
}

/// Names sender and recipients; answers what the server said of each recipient, in their order.
///
/// # Errors
/// See [`OfferError`].
pub async fn offer(
    connection: &mut AsyncSmtpConnection,
    sender: &Address,
    recipients: &[Address],
) -> Result<Vec<Reply>, OfferError> {
    let answer = bounded(COMMAND, connection.command(Mail::new(Some(sender.clone()), Vec::new()))).await;
    let reply = answer.map_err(OfferError::Broken)?;
    if reply.class() != Class::Accepted {
        return Err(OfferError::Sender(reply));
    }
    let mut replies = Vec::with_capacity(recipients.len());
    for recipient in recipients {
        let command = connection.command(Rcpt::new(recipient.clone(), Vec::new()));
        let reply = bounded(COMMAND, command).await.map_err(OfferError::Broken)?;
        replies.push(reply.clone());
        if reply.code == CLOSING {
            // Nobody after this one will be heard.
            replies.resize(recipients.len(), reply);
            break;
        }
    }
    Ok(replies)
}

/// Hands the message over to the recipients that were accepted.
pub async fn hand_over(connection: &mut AsyncSmtpConnection, message: &[u8]) -> HandOver {
    match bounded(COMMAND, connection.command(Data)).await {
        Err(why) => return HandOver::NotBegun(why),
        Ok(reply) if reply.code == GO_AHEAD => {}
        // Nothing was handed over, so nothing was accepted, whatever it says.
        Ok(reply) if reply.class() == Class::Accepted => return HandOver::NotBegun(format!("{} to DATA", reply.code)),
        Ok(reply) => return HandOver::Answered(reply),
    }
    match bounded(MESSAGE, connection.message(message)).await {
        Ok(reply) if (300..400).contains(&reply.code) => HandOver::Unanswered(format!("{} to the message", reply.code)),
        Ok(reply) => HandOver::Answered(reply),
        Err(why) => HandOver::Unanswered(why),
    }
}

/// The server's answer, of whatever code, or why there is none.
async fn bounded(time: Duration, command: impl Future<Output = Result<Response, Error>>) -> Result<Reply, String> {
    match timeout(time, command).await {
        Ok(Ok(response)) => Ok(Reply::of_response(&response)),
        Ok(Err(error)) => Reply::of_error(&error).ok_or_else(|| error.to_string()),
        Err(_) => Err(format!("no answer within {} s", time.as_secs())),
    }
}
