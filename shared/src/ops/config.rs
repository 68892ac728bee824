//! The environment, read once and checked as a whole: a function that lacks a setting does not start.

/// What a function was deployed with. Each function asks for the settings it needs by name.
#[derive(Debug, Clone, Default)]
pub struct Config {
    values: std::collections::BTreeMap<String, String>,
}

/// A setting is missing or cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ConfigError {
    #[error("the environment variable {0} is not set; infra/template.yaml names what each function needs")]
    Missing(String),
    #[error("the environment variable {name} is wrong: want {want}")]
    Invalid { name: String, want: &'static str },
}

impl Config {
    /// Reads the process's environment.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub fn from_env() -> Self {
        std::env::vars().collect()
    }

    /// The setting `name`.
    pub fn get(&self, name: &str) -> Result<&str, ConfigError> {
        match self.values.get(name) {
            Some(value) if !value.is_empty() => Ok(value),
            _ => Err(ConfigError::Missing(name.to_owned())),
        }
    }
}

impl FromIterator<(String, String)> for Config {
    fn from_iter<T: IntoIterator<Item = (String, String)>>(iter: T) -> Self {
        Self { values: iter.into_iter().collect() }
    }
}
