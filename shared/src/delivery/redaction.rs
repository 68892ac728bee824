//! How a finding becomes something that may leave: counts and template text.
//!
//! One rule: an allow-list. Of a finding only its id, its rule's own words and a count go out, each checked for its
//! shape; no text of the finding is ever copied. [`SanitizedFinding`] has no other source than [`Redactor`].

use std::{collections::BTreeMap, fmt};

use aws_lc_rs::hmac;
use secrecy::{ExposeSecret, SecretSlice};
use serde::Serialize;

/// Groups below this size print as "<3": a small group is a person.
pub const K_THRESHOLD: u64 = 3;

/// A finding, as far as redaction needs it.
#[derive(Debug, Clone)]
pub struct FindingForRedaction {
    pub finding_id: String,
    pub rule: String,
    pub severity: String,
    /// Free text, may name people. Never copied.
    pub title: String,
    pub count: u64,
    /// Free text, may name people. Never copied.
    pub remediation: String,
}

/// What a rule says of itself in a sanitized finding. Part of the program, not of a customer's data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// `{count}` stands for the count.
    pub title: String,
    pub remediation: String,
}

/// A finding that may leave under `findings_sanitized`. It cannot be read back in, only made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SanitizedFinding {
    finding_id: String,
    rule: String,
    severity: &'static str,
    title: String,
    count: String,
    remediation: String,
}

impl SanitizedFinding {
    pub fn finding_id(&self) -> &str {
        &self.finding_id
    }

    pub fn rule(&self) -> &str {
        &self.rule
    }

    pub fn severity(&self) -> &'static str {
        self.severity
    }

    pub fn title(&self) -> &str {
        &self.title
    }

    /// A number, or "<3".
    pub fn count(&self) -> &str {
        &self.count
    }

    pub fn remediation(&self) -> &str {
        &self.remediation
    }
}

/// Why a finding does not leave. Names the field, never its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RedactionError {
    #[error("the finding's id does not have the shape of a generated id")]
    FindingId,
    #[error("no template for the finding's rule")]
    UnknownRule,
    #[error("want a severity of critical, high, medium, low or info")]
    Severity,
}

/// Makes sanitized findings from the templates of the rules.
#[derive(Debug, Clone)]
pub struct Redactor {
    templates: BTreeMap<String, Template>,
}

impl Redactor {
    /// One that knows `templates` by rule id.
    pub fn new(templates: impl IntoIterator<Item = (String, Template)>) -> Self {
        Self { templates: templates.into_iter().collect() }
    }

    /// The finding as it may leave. What does not fit is refused, not trimmed.
    pub fn apply(&self, finding: &FindingForRedaction) -> Result<SanitizedFinding, RedactionError> {
        let (rule, template) =
            self.templates.get_key_value(&finding.rule).ok_or(RedactionError::UnknownRule)?;
        if !is_generated_id(&finding.finding_id) {
            return Err(RedactionError::FindingId);
        }
        let count = blurred(finding.count);
        Ok(SanitizedFinding {
            finding_id: finding.finding_id.clone(),
            rule: rule.clone(),
            severity: severity(&finding.severity).ok_or(RedactionError::Severity)?,
            title: template.title.replace("{count}", &count),
            remediation: template.remediation.replace("{count}", &count),
            count,
        })
    }
}

/// A count that does not tell a small group's size.
pub fn blurred(count: u64) -> String {
    if count < K_THRESHOLD { format!("<{K_THRESHOLD}") } else { count.to_string() }
}

/// Ids are generated: letters, digits, hyphen and underscore, at most 64. No mail address or name with a space
/// passes for one.
fn is_generated_id(id: &str) -> bool {
    (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

fn severity(text: &str) -> Option<&'static str> {
    ["critical", "high", "medium", "low", "info"].into_iter().find(|known| *known == text)
}

/// Gives people names that only one recipient sees: the same person has the same name in all that this recipient
/// gets, and another name at every other recipient, so that two of them cannot put their data together.
pub struct Pseudonyms(hmac::Key);

impl Pseudonyms {
    /// Those of `recipient`, from the workspace's pseudonym key.
    pub fn of_recipient(workspace_key: &SecretSlice<u8>, recipient: &str) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, workspace_key.expose_secret());
        let derived = hmac::sign(&key, &framed(&["atomation.pseudonym.v1", recipient]));
        Self(hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref()))
    }

    /// The name of `subject` of `issuer` (such as a user id of an Okta org): `p_` and 128 bits in hexadecimal.
    pub fn name(&self, issuer: &str, subject: &str) -> String {
        let tag = hmac::sign(&self.0, &framed(&[issuer, subject]));
        format!("p_{}", hex::encode(&tag.as_ref()[..16]))
    }
}

impl fmt::Debug for Pseudonyms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pseudonyms")
    }
}

/// Each part after its length, so that no two lists of parts give the same bytes.
fn framed(parts: &[&str]) -> Vec<u8> {
    let framed = |part: &&str| [&(part.len() as u64).to_be_bytes()[..], part.as_bytes()].concat();
    parts.iter().flat_map(framed).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn redactor() -> Redactor {
        let title = "{count} accounts without a strong second factor".into();
        let remediation = "Enrol {count} accounts.".into();
        Redactor::new([("mfa-strong".into(), Template { title, remediation })])
    }

    fn finding() -> FindingForRedaction {
        FindingForRedaction {
            finding_id: "f_0123".into(),
            rule: "mfa-strong".into(),
            severity: "high".into(),
            title: "ann@example.com has no second factor".into(),
            count: 17,
            remediation: "ask ann@example.com".into(),
        }
    }

    #[test]
    fn only_counts_and_template_text_go_out() {
        let json = serde_json::to_string(&redactor().apply(&finding()).unwrap()).unwrap();
        assert_eq!(
            json,
            r#"{"finding_id":"f_0123","rule":"mfa-strong","severity":"high","title":"17 accounts without a strong second factor","count":"17","remediation":"Enrol 17 accounts."}"#
        );
    }

    #[test]
    fn small_groups_have_no_size() {
        for (count, want) in [(0, "<3"), (1, "<3"), (2, "<3"), (3, "3"), (u64::MAX, "18446744073709551615")] {
            let out = redactor().apply(&FindingForRedaction { count, ..finding() }).unwrap();
            assert_eq!(out.count(), want);
            assert!(out.title().starts_with(want) && out.remediation().contains(want));
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let refused = |finding: FindingForRedaction| redactor().apply(&finding).unwrap_err();
        for id in ["", "ann@example.com", "Ann Lee", "a/b", "ä", &"a".repeat(65)] {
            let finding = FindingForRedaction { finding_id: id.into(), ..finding() };
            assert_eq!(refused(finding), RedactionError::FindingId, "{id}");
        }
        for severity in ["", "High", "high for ann@example.com"] {
            let finding = FindingForRedaction { severity: severity.into(), ..finding() };
            assert_eq!(refused(finding), RedactionError::Severity);
        }
        let unknown = FindingForRedaction { rule: "mfa-strong/ann".into(), ..finding() };
        assert_eq!(refused(unknown), RedactionError::UnknownRule);
    }

    #[test]
    fn a_name_is_stable_for_one_recipient_and_another_for_each() {
        let key = |byte| SecretSlice::from(vec![byte; 32]);
        let name = |byte, recipient: &str, issuer: &str, subject: &str| {
            Pseudonyms::of_recipient(&key(byte), recipient).name(issuer, subject)
        };
        let base = name(1, "p1", "https://acme.example.com", "00u1");
        assert_eq!(base, name(1, "p1", "https://acme.example.com", "00u1"));
        assert!(base.len() == 34 && base.starts_with("p_"));
        let others = [
            name(2, "p1", "https://acme.example.com", "00u1"),
            name(1, "p2", "https://acme.example.com", "00u1"),
            name(1, "p1", "https://acme.example.co", "m00u1"),
            name(1, "p1", "https://acme.example.com", "00u2"),
        ];
        assert!(others.iter().all(|other| *other != base));
    }

    #[test]
    fn the_derivation_is_the_documented_one() {
        // A change here renames everybody at every partner: it must be meant.
        let name = Pseudonyms::of_recipient(&vec![7; 32].into(), "p1").name("i", "s");
        let sign = |key: &[u8], text: &[u8]| {
            hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text).as_ref().to_vec()
        };
        let key = sign(&[7; 32], b"\0\0\0\0\0\0\0\x16atomation.pseudonym.v1\0\0\0\0\0\0\0\x02p1");
        let tag = sign(&key, b"\0\0\0\0\0\0\0\x01i\0\0\0\0\0\0\0\x01s");
        assert_eq!(name, format!("p_{}", hex::encode(&tag[..16])));
    }

    proptest! {
        /// Whatever the free text is, the output is the same: nothing of it can be in there.
        #[test]
        fn free_text_has_no_influence(title: String, remediation: String) {
            let with = FindingForRedaction { title, remediation, ..finding() };
            prop_assert_eq!(redactor().apply(&with), redactor().apply(&finding()));
        }
    }
}
