//! The closed lists of what can become of a recipient.

use crate::words::words;

words! {
    /// What has become of one recipient of an e-mail.
    RecipientState {
        /// Not tried yet.
        Queued = "queued",
        /// Handed to the server, whose answer is not known (yet).
        Sending = "sending",
        /// The server has accepted it.
        Sent = "sent",
        /// The server refused it for now (4xx); it is tried again.
        Deferred = "deferred",
        /// A server refused it for good (5xx), at once or by a later message.
        Bounced = "bounced",
        /// Not tried: the address is on the list of suppressions.
        Suppressed = "suppressed",
        /// Given up: the job ended before the server had accepted it.
        Failed = "failed",
    }
}

words! {
    /// How a recipient is addressed.
    RecipientField {
        /// In `To`.
        To = "to",
        /// In `Cc`.
        Cc = "cc",
        /// Nowhere in the message.
        Bcc = "bcc",
    }
}

words! {
    /// Why an address is suppressed.
    SuppressionReason {
        /// A server said that it does not exist, or takes no mail.
        Bounce = "bounce",
        /// Its owner reported a message as unwanted.
        Complaint = "complaint",
        /// Its owner wants no more bulk mail. Other messages are still sent.
        Unsubscribe = "unsubscribe",
        /// Somebody put it on the list.
        Manual = "manual",
    }
}
