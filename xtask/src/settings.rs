//! The user's settings: the environment of the command, then `.env.$GOTONG_ENV` and `.env` in the checkout, as our own
//! programs read them.

use std::collections::BTreeMap;
use std::env;
use std::path::Path;

use anyhow::{Context as _, Result, bail};

/// Values by name; an empty value counts as not set.
#[derive(Debug, Default)]
pub struct Settings {
    file: BTreeMap<String, String>,
}

impl Settings {
    pub fn load(root: &Path) -> Result<Self> {
        let environment = env::var("GOTONG_ENV").unwrap_or_else(|_| "development".to_owned());
        let mut file = BTreeMap::new();
        for name in [format!(".env.{environment}"), ".env".to_owned()] {
            let path = root.join(name);
            if !path.exists() {
                continue;
            }
            for line in dotenvy::from_path_iter(&path).with_context(|| format!("cannot read {}", path.display()))? {
                // The error of the parser quotes the line, and the line may hold a secret.
                let Ok((name, value)) = line else {
                    bail!("{} has a line that is not NAME=value (quote values with spaces or #)", path.display());
                };
                file.entry(name).or_insert(value);
            }
        }
        Ok(Self { file })
    }

    pub fn get(&self, name: &str) -> Option<String> {
        let value = env::var(name).ok().or_else(|| self.file.get(name).cloned());
        value.filter(|value| !value.trim().is_empty())
    }

    /// Whether the setting is the word `fetch`: ignore what is installed and use the pinned download.
    pub fn wants_fetched(name: &str) -> bool {
        env::var(name).is_ok_and(|value| value == "fetch")
    }

    /// All settings of the platform that `.env` holds, for the processes that `up` starts.
    pub fn platform_variables(&self) -> impl Iterator<Item = (&str, &str)> {
        self.file
            .iter()
            .filter(|(name, value)| !value.is_empty() && env::var_os(name).is_none())
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }
}
