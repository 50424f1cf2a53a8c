//! Who asks, and what they may do.

mod caller;
pub mod key;
mod lookup;
pub mod password;
pub mod session;
pub mod throttle;

pub use caller::{Administrator, Caller, Reader, Writer};
pub use lookup::Lookups;

use poem_openapi::Enum;
use std::{fmt, str::FromStr};
use uuid::Uuid;

/// What a key or a person may do in their workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Enum)]
#[oai(rename_all = "lowercase")]
pub enum Role {
    /// Reads.
    Viewer,
    /// Reads and writes.
    Operator,
    /// Reads and writes, and manages keys.
    Admin,
}

impl Role {
    /// The word in the ledger.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    /// Whether it may change anything.
    #[must_use]
    pub fn writes(self) -> bool {
        self >= Self::Operator
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that is no role.
#[derive(Debug, thiserror::Error)]
#[error("a role is admin, operator or viewer")]
pub struct UnknownRole;

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(word: &str) -> Result<Self, UnknownRole> {
        [Self::Viewer, Self::Operator, Self::Admin].into_iter().find(|role| role.as_str() == word).ok_or(UnknownRole)
    }
}

/// Who asks.
#[derive(Clone, Debug)]
pub struct Actor {
    /// The key's or person's id.
    pub id: Uuid,
    /// The only workspace whose rows they may see.
    pub workspace_id: Uuid,
    /// What they may do.
    pub role: Role,
}
