//! The Lua scripts: what each consists of, and its digest.
//!
//! Every change of a job's state is one script, so that it happens entirely or not at all. The shared parts
//! (`prelude.lua`: names and layouts, `entry.lua`: how entries change) are put in front of what needs them; in the scripts that
//! run most often the usual case stands before `entry.lua` and returns.

use std::sync::LazyLock;

use redis::Script;

macro_rules! scripts {
    ($($(#[$doc:meta])* $name:ident: [$($part:literal),+];)+) => {
        $(
            $(#[$doc])*
            pub(crate) static $name: LazyLock<Source> =
                LazyLock::new(|| Source::new(concat!($(include_str!(concat!("scripts/", $part, ".lua")), "\n"),+)));
        )+

        /// Every script, to be loaded when a connection is made.
        pub(crate) fn all() -> Vec<&'static Source> {
            vec![$(&*$name),+]
        }
    };
}

scripts! {
    ACK: ["prelude", "ack_plain", "entry", "ack"];
    CANCEL: ["prelude", "entry", "cancel"];
    COUNTS: ["prelude", "counts"];
    ENTRIES: ["prelude", "entries"];
    EVENTS: ["prelude", "events"];
    FETCH: ["prelude", "fetch", "entry", "fetch_expired"];
    FORGET: ["prelude", "entry", "forget"];
    GATE: ["prelude", "gate"];
    HEAL: ["prelude", "entry", "heal"];
    PARK: ["prelude", "entry", "park"];
    PURGE: ["prelude", "entry", "purge"];
    PUSH: ["prelude", "push_plain", "entry", "push"];
    PUSH_ONE: ["push_one"];
    REAP: ["prelude", "reap_plain", "entry", "reap"];
    RENEW: ["prelude", "renew"];
    SET_ASIDE: ["prelude", "entry", "set_aside"];
    UNPARK: ["prelude", "entry", "unpark"];
    WORKER: ["worker"];
}

/// A script's text and its SHA-1 digest, by which the server knows it.
pub(crate) struct Source {
    pub(crate) text: &'static str,
    pub(crate) digest: String,
}

impl Source {
    fn new(text: &'static str) -> Self {
        Self { text, digest: Script::new(text).get_hash().to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A rule that no machine checks does not exist.
    #[test]
    fn every_script_states_its_keys_arguments_result_and_cost() {
        for source in all() {
            for word in ["-- KEYS", "-- ARGV", "-- result", "-- cost"] {
                assert!(source.text.contains(word), "{word} in {}", source.text);
            }
        }
    }
}
