//! The keys of the identity provider, and how they are rolled over.

use std::{fs, path::Path};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::years;
use crate::config::write_private;
use crate::saml::{SamlError, SigningIdp, metadata_xml_of};

const FILE: &str = "idp-keys.json";

/// A step of a rollover.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", tag = "step")]
pub enum Rollover {
    /// A new key joins the metadata; its certificate ends after so many days. It does not sign yet.
    Announce { days: i64 },
    /// The newest key signs from now on.
    Switch,
    /// Only the key that signs stays in the metadata.
    Retire,
    /// Another key takes the place of all, without notice.
    Swap,
}

/// The keys in the metadata, one of which signs.
pub(crate) struct IdpKeys {
    keys: Vec<SigningIdp>,
    signs: usize,
}

/// A key as it is kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    key: String,
    certificate: String,
}

impl IdpKeys {
    /// As Okta makes them: one key, good for ten years.
    pub(crate) fn generate(now: Timestamp) -> Result<Self, SamlError> {
        Ok(Self { keys: vec![key(now, years(now, 10))?], signs: 0 })
    }

    /// Those of the last run, so that metadata read then still holds.
    pub(crate) fn kept(folder: &Path, now: Timestamp) -> anyhow::Result<Self> {
        let file = folder.join(FILE);
        if file.exists() {
            let (signs, kept): (usize, Vec<Kept>) = serde_json::from_slice(&fs::read(file)?)?;
            let read = |kept: Kept| -> anyhow::Result<SigningIdp> {
                let (key, certificate) =
                    (BASE64_STANDARD.decode(kept.key)?, BASE64_STANDARD.decode(kept.certificate)?);
                Ok(SigningIdp::from_parts(&key, &certificate)?)
            };
            let keys = kept.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
            anyhow::ensure!(signs < keys.len(), "the kept keys of the identity provider are damaged");
            return Ok(Self { keys, signs });
        }
        let keys = Self::generate(now)?;
        keys.keep(folder)?;
        Ok(keys)
    }

    pub(crate) fn keep(&self, folder: &Path) -> anyhow::Result<()> {
        let text = |bytes: &[u8]| BASE64_STANDARD.encode(bytes);
        let kept = |idp: &SigningIdp| Kept { key: text(idp.pkcs8()), certificate: text(idp.certificate()) };
        let kept: Vec<Kept> = self.keys.iter().map(kept).collect();
        fs::create_dir_all(folder)?;
        write_private(&folder.join(FILE), &serde_json::to_vec(&(self.signs, kept))?)?;
        Ok(())
    }

    /// The key that signs.
    pub(crate) fn signing(&self) -> &SigningIdp {
        &self.keys[self.signs]
    }

    pub(crate) fn roll(&mut self, step: Rollover, now: Timestamp) -> Result<(), SamlError> {
        match step {
            Rollover::Announce { days } => {
                let end = now.saturating_add(SignedDuration::from_hours(24 * days)).unwrap_or(now);
                let begin = end.min(now).saturating_sub(SignedDuration::from_hours(24)).unwrap_or(now);
                self.keys.push(key(begin, end)?);
            }
            Rollover::Switch => self.signs = self.keys.len() - 1,
            Rollover::Retire => {
                self.keys.swap(0, self.signs);
                self.keys.truncate(1);
                self.signs = 0;
            }
            Rollover::Swap => *self = Self::generate(now)?,
        }
        Ok(())
    }

    /// Metadata that names all of them.
    pub(crate) fn metadata_xml(&self, entity_id: &str, sso_url: &str, signed_requests: bool) -> String {
        let certificates: Vec<&[u8]> = self.keys.iter().map(SigningIdp::certificate).collect();
        metadata_xml_of(entity_id, sso_url, &certificates, signed_requests)
    }
}

fn key(not_before: Timestamp, not_after: Timestamp) -> Result<SigningIdp, SamlError> {
    SigningIdp::generate("Okta twin", not_before, not_after)
}
