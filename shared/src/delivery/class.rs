//! The data classes: what kind of evidence an object is.
//!
//! One rule: a class is named, never implied. There is no default and no order, so no code can say "or lower",
//! and an object without a known class cannot be read at all.

use serde::{Deserialize, Serialize};

/// What an object holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DataClass {
    /// What the Okta API answered, with names, addresses and devices.
    RawIdentity,
    /// The same in our shape.
    Normalized,
    /// Findings with the accounts they are about.
    FindingsFull,
    /// Findings as counts and template text.
    FindingsSanitized,
    /// A rendered report.
    Report,
    /// The signed list of what was made, with digests.
    Manifest,
    /// Who read what.
    AccessLog,
}

impl DataClass {
    /// All classes, in the order that people read them.
    pub const ALL: [Self; 7] = [
        Self::RawIdentity,
        Self::Normalized,
        Self::FindingsFull,
        Self::FindingsSanitized,
        Self::Report,
        Self::Manifest,
        Self::AccessLog,
    ];

    /// The stored key.
    pub fn key(self) -> &'static str {
        match self {
            Self::RawIdentity => "raw_identity",
            Self::Normalized => "normalized",
            Self::FindingsFull => "findings_full",
            Self::FindingsSanitized => "findings_sanitized",
            Self::Report => "report",
            Self::Manifest => "manifest",
            Self::AccessLog => "access_log",
        }
    }

    /// The class with exactly this key.
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.key() == key)
    }

    /// What an approver reads.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::RawIdentity => "raw answers of the Okta API, with names, addresses and devices of people",
            Self::Normalized => "the same data in the assessment's own shape, with names of people",
            Self::FindingsFull => "findings with the accounts and groups they are about",
            Self::FindingsSanitized => "findings as counts and fixed text, without names",
            Self::Report => "the rendered report",
            Self::Manifest => "the signed list of files with their digests",
            Self::AccessLog => "the list of who read what",
        }
    }
}

/// An exact set of classes, kept in the order of [`DataClass::ALL`], each once.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "Vec<DataClass>")]
pub struct ClassSet(Vec<DataClass>);

impl ClassSet {
    /// Whether exactly this class is named.
    pub fn contains(&self, class: DataClass) -> bool {
        self.0.contains(&class)
    }

    /// Whether no class is named.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The classes.
    pub fn iter(&self) -> impl Iterator<Item = DataClass> {
        self.0.iter().copied()
    }
}

impl From<Vec<DataClass>> for ClassSet {
    fn from(classes: Vec<DataClass>) -> Self {
        classes.into_iter().collect()
    }
}

impl FromIterator<DataClass> for ClassSet {
    fn from_iter<I: IntoIterator<Item = DataClass>>(classes: I) -> Self {
        let named: Vec<_> = classes.into_iter().collect();
        Self(DataClass::ALL.into_iter().filter(|class| named.contains(class)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_the_stored_names() {
        for class in DataClass::ALL {
            assert_eq!(serde_json::to_value(class).unwrap(), class.key());
            assert_eq!(DataClass::from_key(class.key()), Some(class));
        }
        assert_eq!(DataClass::from_key("raw"), None);
        assert!(serde_json::from_str::<DataClass>("\"everything\"").is_err());
    }

    #[test]
    fn a_set_is_exact_and_reads_the_same_however_written() {
        let set: ClassSet = serde_json::from_str(r#"["report","normalized","report"]"#).unwrap();
        assert_eq!(serde_json::to_string(&set).unwrap(), r#"["normalized","report"]"#);
        let contained: Vec<_> = DataClass::ALL.into_iter().filter(|c| set.contains(*c)).collect();
        assert_eq!(contained, [DataClass::Normalized, DataClass::Report]);
        assert!(serde_json::from_str::<ClassSet>(r#"["report","all"]"#).is_err());
    }
}
